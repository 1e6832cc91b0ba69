// Goes where Gantry sends browsers, as somebody, and prints what the browser comes back with.
import { visit } from './browser.mjs';

const [address, login] = process.argv.slice(2);
const back = await visit(address, login);
console.log(JSON.stringify({ at: back.origin + back.pathname, ...Object.fromEntries(back.searchParams) }));
