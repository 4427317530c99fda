// Writes what Jitney sends to Slack into one TypeScript file, as constants of the types that Slack publishes, and has
// the compiler judge it: a property that Slack does not have is an error there.
//
// usage: node types_check.mjs NODE_FOLDER wrong.json FOLDER …

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [tools, wrong, ...folders] = process.argv.slice(2);
const typed = {
  message: 'Message',
  answer: 'Answer',
  modal: 'Modal',
  home: 'Home',
  options: 'Options',
  errors: 'Errors',
};

// `AnyBlock` of the package takes any property of any block; `KnownBlock` does not.
const head = `import type {
  HomeView, KnownBlock, MessageMetadata, ModalView, Option, PlainTextElement,
} from '@slack/types';

type Message = {
  channel: string; user?: string; thread_ts?: string; text: string; blocks?: KnownBlock[];
  unfurl_links?: boolean; unfurl_media?: boolean; metadata?: MessageMetadata;
};
type Answer = {
  response_type: 'ephemeral'; replace_original?: boolean; thread_ts?: string; text: string; blocks: KnownBlock[];
};
type Modal = Omit<ModalView, 'blocks'> & { blocks: KnownBlock[] };
type Home = Omit<HomeView, 'blocks'> & { blocks: KnownBlock[] };
type Options = { option_groups: { label: PlainTextElement; options: Option[] }[] } | { options: Option[] };
type Errors = { response_action: 'errors'; errors: Record<string, string> };
`;

/** One constant each; the lines on which each stands, to say which is refused. */
function source(exhibits) {
  const lines = head.split('\n');
  const places = [];
  exhibits.forEach(({ kind, name, from, payload }, number) => {
    const body = `export const exhibit${number}: ${typed[kind]} = ${JSON.stringify(payload, null, 1)};`.split('\n');
    places.push({ name, from, first: lines.length + 1, last: lines.length + body.length });
    lines.push(...body);
  });
  return { text: `${lines.join('\n')}\n`, places };
}

/** What the compiler says, by exhibit. */
function judged(exhibits, file) {
  const { text, places } = source(exhibits);
  writeFileSync(file, text);
  const compiler = resolve(tools, 'node_modules/.bin/tsc');
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'esnext', '--pretty', 'false', '--types', ''];
  const said = spawnSync(compiler, [...options, file], { encoding: 'utf8' });
  if (said.error) throw said.error;
  const faults = [];
  for (const line of said.stdout.split('\n').filter((line) => line.trim())) {
    const found = /\((\d+),\d+\): error (.*)$/.exec(line);
    const at = found && places.findIndex(({ first, last }) => found[1] >= first && found[1] <= last);
    // What goes on over several lines belongs to the one before it.
    if (found && at >= 0) faults.push({ at, text: found[2] });
    else if (line.startsWith(' ') && faults.length) faults.at(-1).text += `\n${line}`;
    else throw new Error(`the compiler says: ${line}`);
  }
  if (said.status !== 0 && !faults.length) throw new Error(`the compiler failed: ${said.stderr}`);
  return faults.map(({ at, text }) => ({ ...places[at], at, text }));
}

const work = resolve(folders[0], '../slack-types');
rmSync(work, { recursive: true, force: true });
mkdirSync(work);
symlinkSync(resolve(tools, 'node_modules'), join(work, 'node_modules'));
writeFileSync(join(work, 'package.json'), '{ "private": true, "type": "module" }\n');

const files = folders.flatMap((folder) => readdirSync(folder).sort().map((file) => join(folder, file)));
const exhibits = files.map((from) => ({ from, ...JSON.parse(readFileSync(from, 'utf8')) }));
const faults = judged(exhibits, join(work, 'gallery.ts'));
for (const { from, name, text } of faults) console.log(`${from} (${name}): ${text}`);

const known = JSON.parse(readFileSync(wrong, 'utf8')).filter((exhibit) => exhibit.known_to.includes('types'));
const refused = new Set(judged(known, join(work, 'wrong.ts')).map(({ at }) => at));
known.forEach(({ name }, number) => {
  if (!refused.has(number)) console.log(`accepted, though wrong: ${name}`);
});
const bad = faults.length + known.length - refused.size;
const version = JSON.parse(readFileSync(join(tools, 'node_modules/@slack/types/package.json'), 'utf8')).version;
console.log(`@slack/types ${version}: ${exhibits.length} payloads read, ${refused.size} wrong ones refused, ${bad} faults`);
process.exit(exhibits.length && refused.size && !bad ? 0 : 1);
