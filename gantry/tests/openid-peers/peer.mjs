// The same log-in by another client (npm openid-client): what this provider gives is sound.
import * as client from 'openid-client';
import { visit } from './browser.mjs';

const [issuer, id, secret, redirect_uri, login] = process.argv.slice(2);
const config = await client.discovery(new URL(issuer), id, secret, client.ClientSecretBasic(secret), {
  execute: [client.allowInsecureRequests],
});
const pkceCodeVerifier = client.randomPKCECodeVerifier();
const [expectedNonce, expectedState] = [client.randomNonce(), client.randomState()];
const address = client.buildAuthorizationUrl(config, {
  redirect_uri,
  scope: 'openid email profile',
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  nonce: expectedNonce,
  state: expectedState,
});
const back = await visit(address.href, login);
const tokens = await client.authorizationCodeGrant(config, back, {
  pkceCodeVerifier,
  expectedNonce,
  expectedState,
  idTokenExpected: true,
});
console.log(JSON.stringify(tokens.claims()));
