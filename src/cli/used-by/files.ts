/** The same of files: what is not among them is not known. */
import { authorizationOf, isAuthzConfig, isWorkload } from '../../api/toolhive.ts';
import { readManifests } from '../check/manifest.ts';
import type { Sources, Unreadable } from '../check/source.ts';
import { subjectOf, type Subject } from '../check/subject.ts';
import type { FoundReferrer, UsedBy } from './used-by.ts';

type ObjectSubject = Extract<Subject, { is: 'object' }>;

export function usedByInFiles(
  { files, unreadable }: Sources,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): { readonly usedBy: UsedBy; readonly unreadable: readonly Unreadable[] } {
  const read = files.map((file) => readManifests(file));
  const objects = read
    .flatMap(({ manifests }) => manifests.map((manifest) => subjectOf(manifest, namespace)))
    .filter((subject): subject is ObjectSubject => subject.is === 'object')
    .filter(({ object }) => object.metadata.namespace === namespace);
  return {
    usedBy: {
      namespace,
      name,
      exists: objects.some(({ object }) => isAuthzConfig(object) && object.metadata.name === name),
      referrers: objects
        .filter(({ object }) => isWorkload(object) && authorizationOf(object).reference === name)
        .map(referrer)
        .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)),
    },
    unreadable: [...unreadable, ...read.flatMap((each) => each.unreadable)],
  };
}

function referrer({ manifest, object }: ObjectSubject): FoundReferrer {
  const { line } = manifest.locate(`${authorizationOf(object).path}.authzConfigRef`);
  return { kind: object.kind, name: object.metadata.name ?? '', file: manifest.file.name, line };
}

function sortKey({ kind, name, file = '' }: FoundReferrer): string {
  return `${kind}/${name}/${file}`;
}
