// A certified OpenID Connect provider (npm oidc-provider) on a free port of this machine, with accounts `alice` and
// `mallory` whose passwords nobody asks for. Prints its issuer once it listens, and ends with its standard input.
//
// The one argument is the client: its id, secret and redirect URIs, as JSON.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const client = JSON.parse(process.argv[2]);
const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const accounts = {
  alice: { email: 'alice@example.com', email_verified: true, name: 'Alice Example' },
  mallory: { email: 'alice@example.com', email_verified: false, name: 'Alice Example' },
};

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: client.id,
      client_secret: client.secret,
      redirect_uris: client.redirect_uris,
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  // The claims are in the ID token: nothing here asks for them in a second request.
  conformIdTokenClaims: false,
  findAccount: (_, id) =>
    accounts[id] && { accountId: id, claims: async () => ({ sub: id, ...accounts[id] }) },
  cookies: { keys: ['a key of a test'] },
});
server.on('request', provider.callback());
console.log(issuer);
process.stdin.on('end', () => process.exit(0)).resume();
