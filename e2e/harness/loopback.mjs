// What a program with a browser at hand does to sign in to a server: an OAuth provider of the official TypeScript SDK, and a callback on a port of this machine.

import { createServer } from 'node:http';
import { once } from 'node:events';

export class Loopback {
  static async open() {
    const loopback = new Loopback();
    loopback.server = createServer((request, response) => loopback.#called(request, response)).listen(0, '127.0.0.1');
    await once(loopback.server, 'listening');
    loopback.redirectUrl = `http://127.0.0.1:${loopback.server.address().port}/callback`;
    return loopback;
  }

  clientMetadata = { client_name: 'A program of this test', redirect_uris: [], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none' };

  #called(request, response) {
    const { pathname, searchParams } = new URL(request.url, this.redirectUrl);
    if (pathname !== '/callback') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/html' }).end('<p>done</p>');
    this.answered?.(searchParams);
  }

  // The next answer of the authorization server.
  answer() {
    return new Promise((answered) => { this.answered = answered; });
  }

  // What the SDK asks of a provider; all in memory.
  provider() {
    const kept = { asked: [] };
    const { redirectUrl, clientMetadata } = this;
    return {
      kept,
      redirectUrl,
      clientMetadata: { ...clientMetadata, redirect_uris: [redirectUrl] },
      state: () => 'a state of this test',
      clientInformation: () => kept.client,
      saveClientInformation: (client) => { kept.client = client; },
      tokens: () => kept.tokens,
      saveTokens: (tokens) => { kept.tokens = tokens; },
      redirectToAuthorization: (url) => { kept.asked.push(url); },
      saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
      codeVerifier: () => kept.verifier,
      invalidateCredentials: () => { delete kept.tokens; },
    };
  }

  close() {
    this.server.close();
    this.server.closeAllConnections();
  }
}
