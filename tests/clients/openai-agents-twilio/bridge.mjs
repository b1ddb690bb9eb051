// A bridge as OpenAI's Agents SDK has it: Twilio's socket on one side, the model's on the other.
//
//     node bridge.mjs PORT [telephone]
//
// With `telephone` it is told to speak μ-law, as Twilio does.

import { RealtimeAgent, RealtimeSession } from '@openai/agents/realtime';
import { TwilioRealtimeTransportLayer } from '@openai/agents-extensions';
import { WebSocketServer } from 'ws';

const [port, kind] = process.argv.slice(2);
const format = { type: 'audio/pcmu' };
const turnDetection = { type: 'server_vad', silenceDurationMs: 300, interruptResponse: true };
const config = { audio: { input: { format, turnDetection }, output: { format } } };

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(port) });

server.on('connection', async (twilioWebSocket) => {
  const transport = new TwilioRealtimeTransportLayer({ twilioWebSocket });
  const agent = new RealtimeAgent({ name: 'Assistant', instructions: 'You answer the telephone.' });
  const session = new RealtimeSession(agent, {
    transport,
    model: 'gpt-realtime',
    config: kind === 'telephone' ? config : undefined,
  });
  // What went wrong is in the report.
  session.on('error', () => {});
  twilioWebSocket.on('close', () => session.close());
  const url = `${process.env.MOCK_REALTIME_URL}/realtime?model=gpt-realtime`;
  await session.connect({ apiKey: process.env.OPENAI_API_KEY, url });
  transport.sendEvent({ type: 'response.create' });
});
