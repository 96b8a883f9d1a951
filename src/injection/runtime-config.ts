/**
 * The operator's runtime config with the resolved authorization in it: what the proxy enforces where the operator's own
 * does not carry it. Everything else in it stays as it is.
 */
import type { ProxyType } from '../api/toolhive.ts';
import type { ResolvedAuthorization, RuntimeConfig } from './authorization.ts';
import { carriesRunConfig, runConfigWith } from './run-config.ts';
import { carriesVirtualConfig, virtualConfigWith } from './virtual-config.ts';

export function runtimeConfigWith(type: ProxyType, operator: string, resolved: ResolvedAuthorization): RuntimeConfig {
  return type.kind === 'VirtualMCPServer' ? virtualConfigWith(operator, resolved) : runConfigWith(operator, resolved);
}

/** Whether the operator's own config enforces just that; compared as the proxy reads it, not as text. */
export function carriesAuthorization(type: ProxyType, operator: string, resolved: ResolvedAuthorization): boolean {
  return type.kind === 'VirtualMCPServer'
    ? carriesVirtualConfig(operator, resolved)
    : carriesRunConfig(operator, resolved);
}
