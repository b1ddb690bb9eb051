// The official npm package, by its two WebSocket classes. It opens TLS connections only.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import OpenAI from 'openai';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

import * as checks from './checks.mjs';
import { ANSWER_TO_HEARD, CITY, HEARD, HELLO, RATE, answerToWeather, pieces, silence, speech, the } from './checks.mjs';

const GET_WEATHER = {
  type: 'function',
  name: 'get_weather',
  description: 'The weather in a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const ADDRESS = 'https://127.0.0.1:8080/v1';
const TRANSCRIBED = { transcription: { model: 'gpt-4o-transcribe' } };

const client = (apiKey = checks.KEY) => new OpenAI({ apiKey, baseURL: checks.tlsUrl() });

/** Opens a connection and waits for the session. */
async function open(make) {
  const events = new checks.Queue();
  const connection = make();
  connection.on('event', (event) => events.put(event));
  // The server's errors are among the events; what else goes wrong ends the check.
  connection.on('error', (error) => error.error ?? events.put(error));
  const created = await events.next();
  assert.equal(created.type, 'session.created');
  return { connection, events, created };
}

/** A session with these settings. */
async function connected(session = {}, use) {
  const { connection, events } = await open(() => new OpenAIRealtimeWS({ model: 'gpt-realtime' }, client()));
  try {
    connection.send({ type: 'session.update', session: { type: 'realtime', ...session } });
    assert.equal((await events.next()).type, 'session.updated');
    await use(connection, events);
  } finally {
    const closed = new Promise((resolve) => connection.socket.on('close', resolve));
    connection.close();
    assert.equal(await closed, 1000, 'the close is answered');
  }
}

/** The user's words, in writing. */
function write(connection, text) {
  const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
  connection.send({ type: 'conversation.item.create', item });
}

/** Asks for a response; gives its events. */
async function respond(connection, events) {
  connection.send({ type: 'response.create' });
  return events.until('rate_limits.updated');
}

/** What a response consists of. */
function output(events) {
  const { response } = the(events, 'response.done');
  assert.equal(response.status, 'completed');
  return response.output;
}

function append(connection, audio) {
  for (const piece of pieces(audio)) {
    connection.send({ type: 'input_audio_buffer.append', audio: piece.toString('base64') });
  }
}

const joined = (events, type) =>
  events
    .filter((event) => event.type === type)
    .map((event) => event.delta)
    .join('');

await checks.run('openai (npm)', {
  text_turn: () =>
    connected({ output_modalities: ['text'] }, async (connection, events) => {
      write(connection, 'Hello');
      const turn = await respond(connection, events);
      assert.equal(joined(turn, 'response.output_text.delta'), HELLO);
      const [message] = output(turn);
      assert.deepEqual(message.content, [{ type: 'output_text', text: HELLO }]);
    }),

  audio_turn: () =>
    connected({}, async (connection, events) => {
      write(connection, 'Hello');
      const turn = await respond(connection, events);
      assert.equal(joined(turn, 'response.output_audio_transcript.delta'), HELLO);
      const deltas = turn.filter((event) => event.type === 'response.output_audio.delta');
      const sound = Buffer.concat(deltas.map((event) => Buffer.from(event.delta, 'base64')));
      const seconds = sound.length / 2 / RATE;
      assert(seconds > 0.5 && seconds < 10, `${seconds} s`);
    }),

  manual_commit: () =>
    connected(
      { output_modalities: ['text'], audio: { input: { ...TRANSCRIBED, turn_detection: null } } },
      async (connection, events) => {
        append(connection, speech());
        connection.send({ type: 'input_audio_buffer.commit' });
        const heard = await events.until('conversation.item.input_audio_transcription.completed');
        assert.equal(heard.at(-1).transcript, HEARD);
        assert.equal(the(heard, 'input_audio_buffer.committed').item_id, heard.at(-1).item_id);
        const [message] = output(await respond(connection, events));
        assert.equal(message.content[0].text, ANSWER_TO_HEARD);
      },
    ),

  server_vad_turn: () =>
    connected(
      { audio: { input: { ...TRANSCRIBED, turn_detection: { type: 'server_vad', silence_duration_ms: 300 } } } },
      async (connection, events) => {
        append(connection, Buffer.concat([silence(0.5), speech(), silence()]));
        const turn = await events.until('rate_limits.updated');
        the(turn, 'input_audio_buffer.speech_started');
        the(turn, 'input_audio_buffer.speech_stopped');
        const heard = the(turn, 'conversation.item.input_audio_transcription.completed');
        assert.equal(heard.transcript, HEARD);
        assert.equal(output(turn)[0].content[0].transcript, ANSWER_TO_HEARD);
      },
    ),

  function_call_round: () =>
    connected({ output_modalities: ['text'], tools: [GET_WEATHER] }, async (connection, events) => {
      write(connection, 'What is the weather like?');
      const [call] = output(await respond(connection, events));
      assert.equal(call.name, 'get_weather');
      assert.deepEqual(JSON.parse(call.arguments), { city: CITY });
      const item = { type: 'function_call_output', call_id: call.call_id, output: 'sunny' };
      connection.send({ type: 'conversation.item.create', item });
      const [message] = output(await respond(connection, events));
      assert.equal(message.content[0].text, answerToWeather('sunny'));
    }),

  cancel: () =>
    connected({}, async (connection, events) => {
      write(connection, 'Tell me a story');
      connection.send({ type: 'response.create' });
      await events.until('response.output_audio.delta');
      connection.send({ type: 'response.cancel' });
      const { response } = (await events.until('response.done')).at(-1);
      assert.deepEqual(response.status_details, { type: 'cancelled', reason: 'client_cancelled' });
      assert.equal(response.output[0].status, 'incomplete');
    }),

  error_names_its_event: () =>
    connected({}, async (connection, events) => {
      const told = new Promise((resolve) => connection.on('error', resolve));
      connection.send({ type: 'conversation.item.delete', item_id: 'nobody', event_id: 'mine' });
      const { error } = await told;
      assert.equal(error.code, 'item_delete_invalid_item_id');
      assert.equal(error.event_id, 'mine');
      await events.until('error');
      write(connection, 'Hello');
      output(await respond(connection, events));
    }),

  client_secret: async () => {
    const session = { type: 'realtime', model: 'gpt-realtime', output_modalities: ['text'], instructions: 'Be brief.' };
    const secret = await client().realtime.clientSecrets.create({ session });
    assert(secret.value.startsWith('ek_'), secret.value);
    const { connection, events, created } = await open(
      () => new OpenAIRealtimeWS({ model: 'gpt-realtime' }, client(secret.value)),
    );
    assert.equal(created.session.instructions, 'Be brief.');
    write(connection, 'Hello');
    assert.equal(joined(await respond(connection, events), 'response.output_text.delta'), HELLO);
    connection.close();
  },

  text_turn_as_in_a_browser: async () => {
    const { connection, events } = await open(
      () => new OpenAIRealtimeWebSocket({ model: 'gpt-realtime', dangerouslyAllowBrowser: true }, client()),
    );
    connection.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } });
    write(connection, 'Hello');
    const turn = await respond(connection, events);
    assert.equal(the(turn, 'response.output_text.done').text, HELLO);
    connection.close();
  },

  readme_example: async () => {
    const readme = await readFile(join('..', '..', '..', 'README.md'), 'utf8');
    const source = readme.match(/^```typescript\n(.*?)^```$/ms)?.[1];
    assert(source, 'README.md has no example in TypeScript');
    assert(source.includes(ADDRESS), `README's example does not connect to ${ADDRESS}`);
    const example = join(import.meta.dirname, 'readme_example.ts');
    const authority = join(import.meta.dirname, 'authority.pem');
    await checks.withServer(['--tls', '--tls-ca', authority], async (url) => {
      await writeFile(example, source.replace(ADDRESS, url.replace('wss:', 'https:')));
      const env = { ...process.env, NODE_EXTRA_CA_CERTS: authority };
      const { stdout } = await promisify(execFile)(process.execPath, [example], { env, timeout: 20_000 });
      assert.equal(stdout, 'You said: Hello\n');
    });
  },
});
