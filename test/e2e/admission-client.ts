/** An API server that signs in at webhooks. Source: Kubernetes documentation, "Authenticate API servers". */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { issueCa, issueClient } from '../../src/certs/issue.ts';

const HOUR = 3600 * 1000;

/** Files in `folder`: the CA that a webhook is to trust, and what the API server is started with. */
export async function admissionWithCertificate(
  folder: string,
  commonName: string,
): Promise<{ readonly caFile: string; readonly flags: readonly string[] }> {
  const now = new Date();
  const ca = await issueCa({ commonName: 'clients of the test', lifetimeMs: HOUR, now });
  const client = await issueClient({ ca, commonName, organizations: [], lifetimeMs: HOUR, now });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const user = { 'client-certificate-data': base64(client.cert), 'client-key-data': base64(client.key) };
  const kubeconfig = { apiVersion: 'v1', kind: 'Config', users: [{ name: '*', user }] };
  const configuration = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'WebhookAdmissionConfiguration',
    kubeConfigFile: file('webhooks.kubeconfig', JSON.stringify(kubeconfig)),
  };
  const plugins = ['MutatingAdmissionWebhook', 'ValidatingAdmissionWebhook'].map((name) => ({ name, configuration }));
  const admission = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins };
  return {
    caFile: file('clients.crt', ca.cert),
    flags: [`--admission-control-config-file=${file('admission.json', JSON.stringify(admission))}`],
  };
}
