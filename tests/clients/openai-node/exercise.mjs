// Reads what it is sent and reports each event, for `mock-realtime exercise --reports`.

import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';

const client = new OpenAI();
const say = (report) => process.stdout.write(`${JSON.stringify(report)}\n`);

function connect() {
  const connection = new OpenAIRealtimeWS({ model: 'gpt-realtime' }, client);
  connection.on('event', (event) => say({ type: event.type, ok: true, event }));
  // The server's errors are among the events.
  connection.on('error', (error) => error.error ?? console.error(error.message));
  connection.socket.on('close', connect);
}

connect();
