/** What others have written and we ship: locked, licensed, listed, and without scripts that run at installation. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCKED, nameOf, ROOT, RUNTIME } from './lock-file.ts';

/** Taken without asking anybody (docs/adr/0034-supply-chain.md). */
const LICENCES = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'PSF-2.0', 'Unlicense'];

const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const manifest = JSON.parse(read('package.json')) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;

it('each dependency is asked for in one version, and locked by its content', () => {
  const asked = Object.values({ ...manifest['dependencies'], ...manifest['devDependencies'] });
  expect(asked.filter((version) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
  expect(LOCKED.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-')).map(([path]) => path)).toEqual([]);
});

it('nothing comes from anywhere but the registry that whoever installs it has chosen', () => {
  expect(LOCKED.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path)).toEqual([]);
});

it('nothing that is shipped runs a script when it is installed, and in development only what fetches Node does', () => {
  expect(RUNTIME.filter(([, entry]) => entry.hasInstallScript === true)).toEqual([]);
  const scripted = LOCKED.filter(([, entry]) => entry.hasInstallScript === true).map(([path]) => path);
  const allowed = manifest['allowScripts'] ?? {};
  expect(scripted.filter((path) => !(path in allowed))).toEqual([]);
  expect(Object.keys(allowed).filter((name) => allowed[name] === true)).toEqual(['node']);
});

it('every licence is one of those that are taken', () => {
  expect(RUNTIME.filter(([, { license = '' }]) => !LICENCES.includes(license))).toEqual([]);
});

it('docs/licences.md lists each', () => {
  const rows = read('docs/licences.md')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()));
  expect(rows.map(([, name, version, licence]) => [name, version, licence])).toEqual([
    ...RUNTIME.map(([path, { version, license }]) => [path, version, license]),
  ]);
});

describe('npm run sbom', () => {
  interface Component {
    readonly 'bom-ref': string;
    readonly type: string;
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly licenses: readonly { readonly license: { readonly id: string } }[];
    readonly hashes: readonly { readonly alg: string; readonly content: string }[];
  }
  interface Bom {
    readonly bomFormat: string;
    readonly specVersion: string;
    readonly serialNumber: string;
    readonly version: number;
    readonly metadata: { readonly timestamp: string; readonly component: Component };
    readonly components: readonly Component[];
    readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
  }
  const bom = JSON.parse(
    execFileSync(process.execPath, [join(ROOT, 'scripts/sbom.mjs')], { encoding: 'utf8', maxBuffer: 1 << 26 }),
  ) as Bom; // CycloneDX 1.5, which the tests below hold it to

  it('has what CycloneDX 1.5 requires of a bill and of its parts', () => {
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1 });
    expect(bom.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(Number.isNaN(Date.parse(bom.metadata.timestamp))).toBe(false);
    for (const { name, version, type, purl, licenses } of bom.components) {
      expect(type).toBe('library');
      expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`);
      expect(licenses).toHaveLength(1);
    }
    expect(bom.metadata.component).toMatchObject({ type: 'application', name: 'mcp-authz-webhook' });
  });

  it('names each part once, and refers to none that it does not name', () => {
    const names = [bom.metadata.component, ...bom.components].map((component) => component['bom-ref']);
    expect(new Set(names).size).toBe(names.length);
    expect(bom.dependencies.map(({ ref }) => ref).sort()).toEqual([...names].sort());
    expect(bom.dependencies.flatMap(({ dependsOn }) => dependsOn).filter((ref) => !names.includes(ref))).toEqual([]);
  });

  it('is of what is shipped, all of it and nothing else, by its content', () => {
    const locked = new Set(RUNTIME.map(([path, { version = '' }]) => `${nameOf(path)}@${version}`));
    expect(bom.components.map(({ name, version }) => `${name}@${version}`).sort()).toEqual([...locked].sort());
    const digests = new Map(
      RUNTIME.map(([path, { version = '', integrity = '' }]) => [`${nameOf(path)}@${version}`, integrity]),
    );
    for (const { name, version, hashes } of bom.components) {
      const [hash] = hashes;
      expect(`sha512-${Buffer.from(hash?.content ?? '', 'hex').toString('base64')}`).toBe(
        digests.get(`${name}@${version}`),
      );
    }
  });
});
