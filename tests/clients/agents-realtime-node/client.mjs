// OpenAI's Agents SDK for TypeScript: an agent with a function, in speech and in writing.

import assert from 'node:assert/strict';

import { OpenAIRealtimeWebSocket, RealtimeAgent, RealtimeSession, tool } from '@openai/agents-realtime';
import { z } from 'zod';

import * as checks from './checks.mjs';
import { ANSWER_TO_HEARD, CITY, HEARD, HELLO, RATE, answerToWeather, pieces, silence, speech, the } from './checks.mjs';

const TEXT = { outputModalities: ['text'] };
const TRANSCRIBED = { transcription: { model: 'gpt-4o-transcribe' } };
const MANUAL = { input: { ...TRANSCRIBED, turnDetection: null } };
const BY_VOICE = {
  input: { ...TRANSCRIBED, turnDetection: { type: 'server_vad', silenceDurationMs: 300, interruptResponse: true } },
};

/** A session with these settings; `events` are those of the server, and the session's own. */
async function connected(config, use, asked = []) {
  const getWeather = tool({
    name: 'get_weather',
    description: 'The weather in a city.',
    parameters: z.object({ city: z.string() }),
    execute: ({ city }) => {
      asked.push(city);
      return 'sunny';
    },
  });
  const agent = new RealtimeAgent({ name: 'Assistant', instructions: 'You help.', tools: [getWeather] });
  const session = new RealtimeSession(agent, {
    transport: new OpenAIRealtimeWebSocket(),
    model: 'gpt-realtime',
    config,
  });
  const events = new checks.Queue();
  session.on('transport_event', (event) => events.put(event));
  session.on('audio', (audio) => events.put({ ...audio, type: 'session.audio' }));
  session.on('audio_interrupted', () => events.put({ type: 'session.audio_interrupted' }));
  session.on('agent_end', (_context, _agent, output) => events.put({ type: 'session.agent_end', output }));
  // The server's errors are among its events; what else goes wrong ends the check.
  session.on('error', ({ error }) => error.error ?? events.put(error));
  await session.connect({ apiKey: checks.KEY, url: `${checks.websocketUrl()}/realtime?model=gpt-realtime` });
  try {
    await events.until('session.updated');
    await use(session, events);
  } finally {
    session.close();
  }
}

function speak(session, audio) {
  for (const piece of pieces(audio)) {
    session.sendAudio(Uint8Array.from(piece).buffer);
  }
}

/** Who said what, as the session's history has it. */
const said = (session) =>
  session.history
    .filter((item) => item.type === 'message')
    .map((item) => [item.role, item.content.map((part) => part.text ?? part.transcript).join('')]);

await checks.run('@openai/agents-realtime (npm)', {
  text_turn: () =>
    connected(TEXT, async (session, events) => {
      session.sendMessage('Hello');
      assert.equal((await events.until('session.agent_end')).at(-1).output, HELLO);
      await events.until('rate_limits.updated');
      assert.deepEqual(said(session), [
        ['user', 'Hello'],
        ['assistant', HELLO],
      ]);
    }),

  audio_turn: () =>
    connected({}, async (session, events) => {
      session.sendMessage('Hello');
      const turn = await events.until('session.agent_end');
      assert.equal(turn.at(-1).output, HELLO);
      const bytes = turn.filter((event) => event.type === 'session.audio').map((audio) => audio.data.byteLength);
      const seconds = bytes.reduce((sum, size) => sum + size, 0) / 2 / RATE;
      assert(seconds > 0.5 && seconds < 10, `${seconds} s`);
    }),

  manual_commit: () =>
    connected({ ...TEXT, audio: MANUAL }, async (session, events) => {
      speak(session, speech());
      session.sendAudio(Uint8Array.from(silence(0.1)).buffer, { commit: true });
      await events.until('conversation.item.input_audio_transcription.completed');
      session.transport.requestResponse();
      assert.equal((await events.until('session.agent_end')).at(-1).output, ANSWER_TO_HEARD);
      await events.until('rate_limits.updated');
      assert.deepEqual(said(session), [
        ['user', HEARD],
        ['assistant', ANSWER_TO_HEARD],
      ]);
    }),

  server_vad_turn: () =>
    connected({ audio: BY_VOICE }, async (session, events) => {
      speak(session, Buffer.concat([silence(0.5), speech(), silence()]));
      const turn = await events.until('session.agent_end');
      the(turn, 'input_audio_buffer.speech_started');
      the(turn, 'input_audio_buffer.speech_stopped');
      assert.equal(turn.at(-1).output, ANSWER_TO_HEARD);
      // The SDK asks for the item again once its transcript is there.
      const retrieved = (await events.until('conversation.item.retrieved')).at(-1);
      assert.equal(retrieved.item.role, 'user');
    }),

  function_call_round: async () => {
    const asked = [];
    await connected(
      TEXT,
      async (session, events) => {
        session.sendMessage('What is the weather like?');
        await events.until('response.function_call_arguments.done');
        while ((await events.until('session.agent_end')).at(-1).output !== answerToWeather('sunny'));
      },
      asked,
    );
    assert.deepEqual(asked, [CITY]);
  },

  cancel: () =>
    connected({ audio: MANUAL }, async (session, events) => {
      session.sendMessage('Tell me a story');
      await events.until('session.audio');
      session.interrupt();
      const turn = await events.until('response.done');
      the(turn, 'session.audio_interrupted');
      assert.equal(turn.at(-1).response.status_details.reason, 'client_cancelled');
    }),

  speech_interrupts: () =>
    connected({ audio: BY_VOICE }, async (session, events) => {
      session.sendMessage('Tell me a story');
      await events.until('session.audio');
      speak(session, speech());
      const turn = await events.until('response.done');
      the(turn, 'session.audio_interrupted');
      assert.equal(turn.at(-1).response.status_details.reason, 'turn_detected');
    }),

  error_names_its_event: () =>
    connected(TEXT, async (session, events) => {
      session.transport.sendEvent({ type: 'conversation.item.delete', item_id: 'nobody', event_id: 'mine' });
      const { error } = (await events.until('error')).at(-1);
      assert.equal(error.code, 'item_delete_invalid_item_id');
      assert.equal(error.event_id, 'mine');
      session.sendMessage('Hello');
      assert.equal((await events.until('session.agent_end')).at(-1).output, HELLO);
    }),
});
