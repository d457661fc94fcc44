import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { type Package, bill } from './sbom';

// May are the licences that the page may bring along, by words that only their texts have.
const may: [string, RegExp][] = [
  ['Apache-2.0', /Apache License,?\s+Version 2\.0/],
  ['OFL-1.1', /SIL OPEN FONT LICENSE Version 1\.1/],
  ['BSD-3-Clause', /Redistribution and use (of this software )?in source and binary forms[^]*neither the (name|copyright)/i],
  ['BSD-2-Clause', /Redistribution and use (of this software )?in source and binary forms/],
  ['ISC', /Permission to use, copy, modify, and(\/or)? distribute this software for any\s+purpose\s+with or without fee is hereby granted, provided/],
  ['0BSD', /Permission to use, copy, modify, and(\/or)? distribute this software for any\s+purpose/],
  ['MIT', /Permission is hereby granted, free of charge, to any person obtaining/],
];

// packageOf is the package that a module is part of; our own is none.
function packageOf(module: string): Package | undefined {
  const [, folder, name] = /^\0?(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(module) ?? [];
  if (!folder || !name) return undefined;
  return { name, version: (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version, folder };
}

// texts are what a package says of its licence, and what it wants to be told with it. Those that come without are in ./licenses.
function texts(p: Package): string[] {
  const all: string[] = [];
  for (const entry of readdirSync(p.folder).filter((f) => /^(licen[cs]es?|copying|notice)([.-].*)?$/i.test(f)).sort()) {
    const path = join(p.folder, entry);
    const files = statSync(path).isDirectory() ? readdirSync(path).sort().map((f) => join(path, f)) : [path];
    all.push(...files.map((f) => readFileSync(f, 'utf8').replaceAll('\r', '').trim()));
  }
  const ours = join(import.meta.dirname, 'licenses', p.name.replace('/', '__') + '.txt');
  if (existsSync(ours)) all.push(readFileSync(ours, 'utf8').trim());
  return all;
}

// licenses writes licenses.txt and sbom.cdx.json beside the page: every package that has code, styles or fonts in it, with its licence. Where one has
// none, or one that is not known above, there is no page.
export const licenses: Plugin = {
  name: 'licenses',
  generateBundle(_, bundle) {
    const modules = Object.values(bundle).flatMap((f) => (f.type === 'chunk' ? Object.entries(f.modules).filter(([, m]) => m.renderedLength > 0) : [])).map(([id]) => id);
    modules.push(...[...this.getModuleIds()].filter((id) => /\.css(\?|$)/.test(id)));
    const packages = new Map<string, Package>();
    for (const p of modules.map(packageOf)) if (p) packages.set(`${p.name} ${p.version}`, p);
    const whose = new Map<string, string[]>();
    const unknown: string[] = [];
    const known: [Package, string][] = [];
    for (const [title, p] of [...packages].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const all = texts(p);
      const license = may.find(([, words]) => all.some((t) => words.test(t)))?.[0];
      if (license) known.push([p, license]);
      else unknown.push(title);
      for (const text of all) whose.set(text, [...(whose.get(text) ?? []), `${title} (${license})`]);
    }
    if (unknown.length > 0) this.error(`without a licence that is known here (put their texts into licenses/): ${unknown.join(', ')}`);
    const line = '='.repeat(79);
    const source = ['This page contains the packages below, under these licences.', ...[...whose].map(([text, who]) => `${line}\n${who.join('\n')}\n\n${text}`)].join('\n\n') + '\n';
    this.emitFile({ type: 'asset', fileName: 'licenses.txt', source });
    this.emitFile({ type: 'asset', fileName: 'sbom.cdx.json', source: bill(known) });
    this.info(`licences of ${packages.size} packages`);
  },
};
