// A person with a browser: follows redirects and fills in the provider's own forms, up to the address that is not the
// provider's any more.
export async function visit(address, login) {
  const jar = new Map();
  const issuer = new URL(address).origin;
  let url = new URL(address);
  let form;
  for (let step = 0; step < 20; step += 1) {
    const answer = await fetch(url, {
      method: form ? 'POST' : 'GET',
      body: form,
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
    });
    form = undefined;
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s);
      jar.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location) {
      url = new URL(location, url);
      if (url.origin !== issuer) return url;
      continue;
    }
    const page = await answer.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(page);
    const prompt = /name="prompt" value="([^"]+)"/.exec(page);
    if (!action || !prompt) throw new Error(`no form at ${url.pathname}: ${answer.status} ${page.slice(0, 400)}`);
    url = new URL(action[1], url);
    form = new URLSearchParams({ prompt: prompt[1], login, password: 'any' });
  }
  throw new Error('the provider goes in circles');
}
