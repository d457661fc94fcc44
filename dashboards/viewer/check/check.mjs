// Holds the committed dashboards to the types of those who read them: Perses' packages, and @grafana/schema of Grafana 11, 12 and 13. What is
// read from JSON has lost its literals for TypeScript, so each file is written out as a program that says `satisfies`, line by line as it is.
//
//	node check/check.mjs
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const viewer = dirname(dirname(fileURLToPath(import.meta.url)));
const boards = dirname(viewer);
const written = join(viewer, '.check');
const kinds = ['timeseries', 'stat', 'table', 'heatmap', 'nodegraph', 'statetimeline'];

// files are all paths below a folder.
const files = (folder) => readdirSync(folder, { recursive: true }).map((f) => join(folder, f));

// schema is where the types of one version of @grafana/schema are, which its versions keep in different places.
function schema(version) {
  const all = files(join(viewer, 'node_modules', `grafana-schema-${version}`, 'dist')).filter((f) => f.endsWith('.d.ts') && !f.includes('/cjs/'));
  const one = (end) => {
    const found = all.filter((f) => end.test(f)).sort((a, b) => a.length - b.length)[0];
    if (!found) throw new Error(`@grafana/schema of Grafana ${version} has no ${end}`);
    return [found];
  };
  const panels = kinds.map((k) => [`panel/${k}`, one(new RegExp(`/composable/${k}/panelcfg/x/\\w+\\.gen\\.d\\.ts$`))]);
  return { '@grafana/schema': one(/\/index\.d\.ts$/), ...Object.fromEntries(panels) };
}

// programs writes a folder's dashboards out, and those that must be refused.
function programs(folder, types) {
  const to = join(written, folder);
  mkdirSync(to, { recursive: true });
  const names = readdirSync(join(boards, folder)).filter((f) => /^wire-.*\.json$/.test(f));
  if (names.length === 0) throw new Error(`no dashboards in ${folder}`);
  for (const name of names) {
    const text = readFileSync(join(boards, folder, name), 'utf8').trimEnd();
    writeFileSync(join(to, name + '.ts'), `import type { Board } from '../../check/${types}'; export default ${text} satisfies Board;\n`);
  }
  return [...names.map((n) => join(to, n + '.ts')), join(viewer, 'check', `${types}.refused.ts`)];
}

// mistakes prints what a program's types refuse, and says how many there are.
function mistakes(title, roots, paths) {
  const options = {
    strict: true, noEmit: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, jsx: ts.JsxEmit.ReactJSX,
    moduleResolution: ts.ModuleResolutionKind.Bundler, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'], types: [], paths,
  };
  const found = ts.getPreEmitDiagnostics(ts.createProgram(roots, options));
  for (const d of found) {
    const at = d.file ? ts.getLineAndCharacterOfPosition(d.file, d.start) : undefined;
    const where = d.file ? relative(boards, d.file.fileName).replace('viewer/.check/', '').replace(/\.json\.ts$/, '.json') + ':' + (at.line + 1) : '';
    console.error(`${title}: ${where}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`);
  }
  console.log(`${title}: ${roots.length - 1} dashboards, ${found.length} mistakes`);
  return found.length;
}

rmSync(written, { recursive: true, force: true });
let all = mistakes('Perses', programs('perses', 'perses'));
const grafana = programs('grafana', 'grafana');
for (const version of [11, 12, 13]) all += mistakes(`Grafana ${version}`, grafana, schema(version));
rmSync(written, { recursive: true, force: true });
process.exit(all ? 1 : 0);
