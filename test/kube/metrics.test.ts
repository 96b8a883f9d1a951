import { Registry } from 'prom-client';
import { createKubeMetrics } from '../../src/kube/metrics.ts';

it('says what the loop does at the API server, and the lag as it is when asked', async () => {
  const registry = new Registry();
  const metrics = createKubeMetrics(registry);
  let lag = 1;
  let objects = 41;
  metrics.watching('mcpservers', { lagSeconds: () => lag, objects: () => objects });
  metrics.watchEnded('mcpservers', 'expired');
  metrics.watchEnded('mcpservers', 'silent');
  metrics.watchEnded('mcpservers', 'refused');
  metrics.listed('mcpservers');
  metrics.leading(true);
  metrics.event('written');
  lag = 7.5;
  objects = 42;
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines).toEqual([
    'mcp_authz_watch_ended_total{resource="mcpservers",reason="expired"} 1',
    'mcp_authz_watch_ended_total{resource="mcpservers",reason="failed"} 2',
    'mcp_authz_watch_lists_total{resource="mcpservers"} 1',
    'mcp_authz_cache_objects{resource="mcpservers"} 42',
    'mcp_authz_watch_lag_seconds{resource="mcpservers"} 7.5',
    'mcp_authz_leading 1',
    'mcp_authz_events_total{outcome="written"} 1',
  ]);
});
