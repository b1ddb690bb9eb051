// OpenAI's own Twilio layer between a caller and the mock: several turns with an interruption, well with
// a config, and with a format that Twilio does not know without one.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

import * as checks from './checks.mjs';

const BRIDGE = fileURLToPath(new URL('bridge.mjs', import.meta.url));

// Nothing that came with the call is handed on by this bridge, and it knows what was heard to the piece
// in which the model sent it only, since it sets a mark behind each.
const DEMANDS = ['--skip', 'parameters-reach-the-model', '--limit', 'truncation=500'];

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

// A machine that cannot keep up with the caller says nothing of the bridge.
const MOST_LATE_MS = 100;
const TRIES = 3;

// No call lasts longer than a quarter of a minute.
const SECONDS = 20 * TRIES;

/** What came of a call in which this machine kept up. */
async function report(call, ...kind) {
  for (let tries = TRIES; ; tries -= 1) {
    const made = await make(call, ...kind);
    if (made.machine.max_ms <= MOST_LATE_MS || tries === 1) {
      return made;
    }
    console.error(`this machine was ${made.machine.max_ms} ms late; the call is made again`);
  }
}

/** What `mock-realtime bridge-test` says of the bridge with these arguments. */
async function make(call, ...kind) {
  const port = await freePort();
  const command = [
    ...['bridge-test', '--carrier', 'twilio', '--bridge', `ws://127.0.0.1:${port}`, '--format', 'json'],
    ...DEMANDS,
    ...['--call', `${call}.call.yaml`, '--model-scenario', 'model.yaml'],
    ...['--', process.execPath, BRIDGE, port, ...kind],
  ];
  const test = spawn(process.env.MOCK_REALTIME, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const piece of test.stdout) {
    text += piece;
  }
  return JSON.parse(text).calls[0];
}

const failed = (call) =>
  call.checks
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ name, evidence }) => `${name}: ${evidence}`);

const verdict = (call, name) => call.checks.find((check) => check.name === name);

await checks.run('openai-agents-twilio', {
  async 'a call with an interruption is good with a config'() {
    const call = await report('interruption', 'telephone');
    assert.deepEqual(failed(call), []);
    for (const name of ['answer-heard', 'barge-in-noticed', 'truncation-is-true', 'marks-follow-answers', 'pitch-is-kept']) {
      assert.equal(verdict(call, name).verdict, 'passed', name);
    }
    assert.equal(call.turns.length, 3);
  },

  async 'without a config the report names the wrong format'() {
    const call = await report('greeting');
    const { verdict: found, evidence } = verdict(call, 'format-is-right');
    assert.equal(found, 'failed');
    assert.match(evidence, /16-bit PCM at 24000 Hz/);
  },
}, SECONDS);
