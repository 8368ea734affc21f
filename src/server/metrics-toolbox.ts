import { Counter, Gauge, type Registry } from 'prom-client';

/** What the tools of all agents count themselves; asked at every scrape. */
export type ToolboxFigures = () => Readonly<Record<string, number>>;

const gauges: readonly (readonly [string, string, string])[] = [
  ['servers', 'parley_mcp_servers', 'MCP servers that agents or calls need.'],
  ['connected', 'parley_mcp_servers_connected', 'MCP servers that are connected.'],
  ['tools', 'parley_mcp_tools', 'Tools that the connected MCP servers show.'],
];
const counters: readonly (readonly [string, string, string])[] = [
  ['connections', 'parley_mcp_connections_total', 'Connections made to MCP servers.'],
  ['losses', 'parley_mcp_losses_total', 'Connections to MCP servers that were lost.'],
  ['failures', 'parley_mcp_failures_total', 'Attempts to connect to MCP servers that failed.'],
  ['skippedTools', 'parley_mcp_tools_skipped_total', 'Tools of MCP servers that were not shown.'],
  ['refusedRuns', 'parley_tool_runs_refused_total', 'Runs beyond what a tool takes at once.'],
];

/** Registers what is to be seen of tools besides their calls. Without any, names and no values. */
export function registerToolbox(registry: Registry, figures: ToolboxFigures | null): void {
  const registers = [registry];
  for (const [figure, name, help] of gauges) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        if (figures === null) this.remove();
        else this.set(figures()[figure] ?? 0);
      },
    });
  }
  for (const [figure, name, help] of counters) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(figures?.()[figure] ?? 0);
      },
    });
  }
}
