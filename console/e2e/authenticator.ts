/** A passkey authenticator of the DevTools, as if built into the visitor's device. */
import type { CDPSession } from 'playwright-core';
import type { Visitor } from './world';

export class Authenticator {
  private constructor(
    private readonly session: CDPSession,
    private readonly id: string,
  ) {}

  static async plugIn(visitor: Visitor): Promise<Authenticator> {
    const session = await visitor.context.newCDPSession(visitor.page);
    await session.send('WebAuthn.enable', { enableUI: false });
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    return new Authenticator(session, authenticatorId);
  }

  /** Whether its owner is there and says yes. */
  async verifies(yes: boolean): Promise<void> {
    const authenticatorId = this.id;
    await this.session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: yes });
  }

  /** Whether somebody is there to touch it. */
  async present(yes: boolean): Promise<void> {
    const authenticatorId = this.id;
    await this.session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled: yes });
  }

  /** How many passkeys it holds. */
  async holds(): Promise<number> {
    const { credentials } = await this.session.send('WebAuthn.getCredentials', { authenticatorId: this.id });
    return credentials.length;
  }
}
