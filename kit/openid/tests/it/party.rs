//! A relying party and its provider.

use gantry_kernel::{Kernel, ManualClock, Period, Secret};
use gantry_openid::{
    Attempt, Begun, Client, ClientAuth, Identity, OpenIdError, RelyingParty, Returned,
};
use gantry_outbound::{Outbound, OutboundSettings};
use gantry_testkit::OpenIdProvider;
use gantry_testkit::openid::{CLIENT_ID, CLIENT_SECRET, Visit};

pub(crate) const BACK: &str = "https://gantry.example.com/sign-in/callback";

pub(crate) struct Party {
    pub(crate) provider: OpenIdProvider,
    pub(crate) relying: RelyingParty,
    pub(crate) client: Client,
    pub(crate) clock: ManualClock,
}

impl Party {
    pub(crate) async fn new() -> Self {
        Self::patient(Period::seconds(30)).await
    }

    /// That waits for an answer this long.
    pub(crate) async fn patient(timeout: Period) -> Self {
        let clock = ManualClock::default();
        let kernel = Kernel::manual(&clock, 7);
        let provider = OpenIdProvider::start(&kernel).await;
        let outbound = Outbound::new(OutboundSettings {
            allow_private: vec!["127.0.0.1".to_owned()],
            timeout,
            ..OutboundSettings::default()
        });
        let client = Client {
            issuer: provider.issuer().parse().unwrap(),
            id: CLIENT_ID.to_owned(),
            auth: ClientAuth::Basic(Secret::new(CLIENT_SECRET.to_owned())),
        };
        Self {
            relying: RelyingParty::new(kernel, outbound),
            provider,
            client,
            clock,
        }
    }

    pub(crate) async fn begin(&self) -> Result<Begun, OpenIdError> {
        self.relying.begin(&self.client, BACK).await
    }

    pub(crate) async fn finish(
        &self,
        attempt: &Attempt,
        visit: &Visit,
    ) -> Result<Identity, OpenIdError> {
        let returned = Returned {
            code: Secret::new(visit.code.clone()),
            issuer: visit.iss.clone(),
        };
        self.relying
            .finish(&self.client, attempt, &returned, BACK)
            .await
    }

    /// There and back.
    pub(crate) async fn sign_in(&self) -> Result<Identity, OpenIdError> {
        let begun = self.begin().await?;
        let visit = self.provider.visit(begun.url.as_str());
        assert_eq!(visit.state, *begun.state.expose());
        self.finish(&begun.attempt, &visit).await
    }
}
