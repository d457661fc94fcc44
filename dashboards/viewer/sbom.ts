import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface Package {
  name: string;
  version: string;
  folder: string;
}

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8'));

// hash is what npm has checked a package against when it was installed, as CycloneDX writes it.
function hash(integrity: string): { alg: string; content: string } {
  const [algorithm, digest] = integrity.split('-') as [string, string];
  return { alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(digest, 'base64').toString('hex') };
}

// bill is a bill of materials of the page: CycloneDX 1.5, without what changes from one build of the same sources to the next. Each package has
// the licence that was found with it.
export function bill(packages: [Package, string][]): string {
  const { name, version, license } = read('package.json') as { name: string; version: string; license: string };
  const lock = read('package-lock.json') as { packages: Record<string, { integrity: string }> };
  const components = packages.map(([p, of]) => ({
    type: 'library',
    name: p.name,
    version: p.version,
    purl: `pkg:npm/${p.name.replace('@', '%40')}@${p.version}`,
    hashes: [hash(lock.packages[relative(import.meta.dirname, p.folder)]!.integrity)],
    licenses: [{ license: { id: of } }],
  }));
  const component = { type: 'application', name, version, licenses: [{ license: { id: license } }] };
  return JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, metadata: { component }, components }, null, 1) + '\n';
}
