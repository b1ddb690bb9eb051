// Named checks of one client, and the line that sums them up; the same as checks.py.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How long a check may take. */
const SECONDS = 60;

/** Samples a second of all audio here, mono and of 16 bits. */
export const RATE = 24_000;

// What tests/clients/scenarios/conversation.yaml says.
export const HELLO = 'Hello, what can I do for you?';
export const HEARD = 'Can you hear the microphone?';
export const ANSWER_TO_HEARD = 'I can hear you well.';
export const CITY = 'Oslo';
export const answerToWeather = (weather) => `In ${CITY} it is ${weather}.`;

/** The API key, which every client sends. */
export const KEY = process.env.OPENAI_API_KEY;

/** The base URL of the server: `ws://127.0.0.1:PORT/v1`. */
export const websocketUrl = () => process.env.MOCK_REALTIME_URL;

/** The base URL of the server that speaks TLS, for clients that take no other. */
export const tlsUrl = () => process.env.MOCK_REALTIME_TLS_URL.replace(/^ws/, 'http');

/** Something that is taken for speech: a tone that swells four times a second. */
export function speech(seconds = 1) {
  const audio = Buffer.alloc(2 * Math.floor(RATE * seconds));
  for (let n = 0; n < audio.length / 2; n += 1) {
    const swelling = 0.6 + 0.4 * Math.sin((2 * Math.PI * 4 * n) / RATE);
    audio.writeInt16LE(Math.trunc(12_000 * swelling * Math.sin((2 * Math.PI * 300 * n) / RATE)), 2 * n);
  }
  return audio;
}

export const silence = (seconds = 1) => Buffer.alloc(2 * Math.floor(RATE * seconds));

/** The audio as a microphone gives it, a piece after the other. */
export function* pieces(audio, seconds = 0.1) {
  const size = 2 * Math.floor(RATE * seconds);
  for (let start = 0; start < audio.length; start += size) {
    yield audio.subarray(start, start + size);
  }
}

/** What comes, in order, for whoever waits for it. */
export class Queue {
  #come = [];
  #wake = () => {};

  put(event) {
    this.#come.push(event);
    this.#wake();
  }

  /** The next of them. Throws what was put as an `Error`. */
  async next() {
    while (this.#come.length === 0) {
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    const event = this.#come.shift();
    if (event instanceof Error) {
      throw event;
    }
    return event;
  }

  /** All up to one of this type. */
  async until(type) {
    const events = [await this.next()];
    while (events.at(-1).type !== type) {
      events.push(await this.next());
    }
    return events;
  }
}

/** The only one of this type. */
export function the(events, type) {
  const found = events.filter((event) => event.type === type);
  if (found.length !== 1) {
    throw new Error(`${found.length} of ${type} in ${events.map((event) => event.type)}`);
  }
  return found[0];
}

/** Runs `use` with the URL of a server of its own, `mock-realtime serve` with these arguments. */
export async function withServer(args, use) {
  const command = ['serve', ...args, '--port', '0'];
  const server = spawn(process.env.MOCK_REALTIME, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const lines = createInterface({ input: server.stdout });
    const { value } = await lines[Symbol.asyncIterator]().next();
    return await use(value.replace('listening on ', ''));
  } finally {
    server.kill();
  }
}

/**
 * Runs all checks, in the order they are written and each for at most so many seconds, and ends the program:
 * with code 1 if any failed.
 */
export async function run(client, checks, seconds = SECONDS) {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    const start = performance.now();
    let timer;
    const tooLong = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${seconds} s`)), seconds * 1000);
    });
    try {
      await Promise.race([check(), tooLong]);
      console.log(`ok      ${name} ${((performance.now() - start) / 1000).toFixed(1)} s`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack ?? error}`);
    }
    clearTimeout(timer);
  }
  console.log(`${client}: ${Object.keys(checks).length - failed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
