// The colours of the lines of Perses' own charts, in the place of its palette (vite.config.ts): whoever does not tell red from green can tell them
// apart, and a name has the same one in every chart, as in Grafana (meanings in dashboards/grafana_panels.go).
import { blue, green, neutral, orange, purple, red, sky } from './colors';

const meanings: Record<string, string> = {
  ok: blue, accepted: blue, client_error: green, aborted: sky, server_error: red, refused: orange, unanswered: purple, unknown: neutral,
  client: sky, server: orange,
  request: sky, wait: orange, response: blue,
  active: blue, idle: sky, idle_in_transaction: orange,
  request_rate: blue, duration_p95: orange, active_users: purple,
  page: red, ticket: orange,
  'this day': blue, 'a week before': purple, 'a year before': neutral,
};

const others = [blue, orange, purple, sky, green, red, neutral];

export function getSeriesColor({ seriesName, seriesIndex }: { seriesName: string; seriesIndex: number }): string {
  return meanings[seriesName] ?? others[seriesIndex % others.length]!;
}
