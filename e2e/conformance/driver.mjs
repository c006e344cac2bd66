// The program that the conformance suite runs as "the client": a hub in front of the suite's server, and a person without a screen.
//
// Blind to the scenario: its name chooses inputs (settings, tool arguments) and never what is done with an answer. The person follows
// every authorization link once, also where the hub would do well to refuse, and hands the redirect to the hub's callback as it came.
// It is the hub that must stop asking; the cap here only keeps a mistake from running for ever.

import { connect } from 'node:net';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { connectClient } from '../harness/client.mjs';
import { eventually } from '../harness/eventually.mjs';
import { Hub } from '../harness/hub.mjs';
import { callsFor, defaultsOf, unattendedSettings } from './inputs.mjs';

const WITHIN = 60_000;
const SIGN_INS = 6;
const CLIENT_METADATA = 'https://conformance-test.local/client-metadata.json';
const UNSETTLED = ['connecting', 'initializing'];

const scenario = process.env.MCP_CONFORMANCE_SCENARIO ?? '';
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? '{}');

// The suite starts all scenarios at once; the runner lets three hubs run at a time. The slot is ours until the socket closes.
function slot() {
  if (!process.env.CONFORMANCE_SLOTS) return Promise.resolve();
  return new Promise((resolve, reject) => {
    connect(process.env.CONFORMANCE_SLOTS).once('data', resolve).once('error', reject);
  });
}

function settings(url) {
  const { client_id: clientId, client_secret: clientSecret, issuer } = context;
  const unattended = unattendedSettings(scenario, context);
  const oauth = { clientId, clientSecret, issuer, ...unattended, ...(scenario.startsWith('auth/') && { clientMetadataUrl: CLIENT_METADATA }) };
  // Calls are answered at once: the person of this program acts between calls.
  return { systemConfig: { waitForSignIn: 0 }, mcpServers: { up: { type: 'streamable-http', url, ...(Object.values(oauth).some(Boolean) && { oauth }) } } };
}

let signIns = 0;

// The state of the server once the hub has made up its mind.
async function settled(hub) {
  return eventually('the server has settled', async () => {
    const server = await hub.server('up');
    return UNSETTLED.includes(server.status) ? undefined : server;
  }, { within: WITHIN });
}

// A server may go on with what it has while it offers a link, as when a tool wants another scope.
const wantsPerson = (server) => server.status === 'oauth_required' || Boolean(server.oauth?.authorizationUrl);

async function signIn(hub) {
  signIns += 1;
  if (signIns > SIGN_INS) throw new Error(`the hub asked for more than ${SIGN_INS} sign-ins`);
  const link = await hub.authorizationUrl('up');
  const page = await fetch(link, { redirect: 'manual' });
  const back = page.headers.get('location');
  if (!back) throw new Error(`the authorization server answered ${page.status} without sending the browser back`);
  const answer = await fetch(back, { redirect: 'manual' });
  await answer.text();
  if (answer.status >= 400) throw new Error(`the hub's callback answered ${answer.status}`);
}

// Signs in as often as asked; hands back the state in which the hub then stays.
async function signedIn(hub) {
  for (;;) {
    const server = await settled(hub);
    if (!wantsPerson(server)) return server;
    await signIn(hub);
  }
}

function capable(client) {
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => ({ action: 'accept', content: defaultsOf(params.requestedSchema) }));
  client.setRequestHandler(CreateMessageRequestSchema, () => ({ role: 'assistant', model: 'none', content: { type: 'text', text: 'A sampled answer.' } }));
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///roots', name: 'roots' }] }));
}

// Does something at the hub's MCP endpoint; when it fails and the hub then wants a sign-in, signs in and does it again.
async function persist(hub, what, attempt) {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      process.stderr.write(`${what}: ${error.message}\n`);
      if (!wantsPerson(await settled(hub))) throw error;
    }
    const { status } = await signedIn(hub);
    if (status !== 'connected') throw new Error(`after a sign-in for ${what} the server is ${status}`);
  }
}

async function call(client, request) {
  const result = await client.callTool(request);
  if (result.isError) throw new Error(JSON.stringify(result.content));
}

async function useTools(hub) {
  const capabilities = { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} };
  const client = await persist(hub, 'initialize', () => connectClient(`${hub.url}/mcp/up`, { capabilities, prepare: capable }));
  const { tools } = await persist(hub, 'tools/list', () => client.listTools());
  const requests = context.toolCalls ?? callsFor(tools);
  for (const request of requests) await persist(hub, request.name, () => call(client, request));
  await client.close();
}

async function main(url) {
  await slot();
  setTimeout(() => { process.stderr.write(`not done within ${WITHIN} ms\n`); process.exit(1); }, WITHIN).unref();
  const hub = await Hub.start(settings(url));
  process.once('exit', () => {
    if (process.env.CONFORMANCE_LOGS) copyFileSync(hub.logPath, join(process.env.CONFORMANCE_LOGS, `${scenario.replaceAll('/', '_')}.log`));
    hub.remove();
  });
  const server = await signedIn(hub);
  if (server.status !== 'connected') throw new Error(`${server.status}: ${server.error ?? server.reason ?? ''}`);
  await useTools(hub);
  await hub.stop();
}

main(process.argv.at(-1)).then(() => process.exit(0), (error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
