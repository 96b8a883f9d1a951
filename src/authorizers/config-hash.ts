import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** What the proxy reads: the config in its envelope. Source: TOOLHIVE's controllerutil, BuildFullAuthzConfigJSON. */
export function fullRuntimeJson(type: string, configKey: string, config: unknown): string {
  return canonicalJson({ version: '1.0', type, [configKey]: config });
}

/** Ours: names content, not only change. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * ToolHive's `status.configHash`: FNV-1a (32 bit) over Go's dump of the spec, in hex without padding. It tells that
 * something changed; with 2^32 values it does not name content.
 * Source: k8s.io/apimachinery dump.ForHash over MCPAuthzConfigSpec of v1beta1.
 */
export function toolhiveConfigHash(type: string, canonicalConfig: string): string {
  const bytes = Buffer.from(canonicalConfig).join(' ');
  const dump =
    `(v1beta1.MCPAuthzConfigSpec){Type:(string)${type} ` +
    `Config:(runtime.RawExtension){Raw:([]uint8)[${bytes}] Object:(runtime.Object)<nil>}}`;
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(dump)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash.toString(16);
}
