// What the types must refuse: TypeScript reports a line below that is right.
import type { Board } from './perses';

const panel = <P>(plugin: P) => plugin;
type Panel = Board['spec']['panels'][string];
type Plugin = Panel['spec']['plugin'];

// @ts-expect-error: a kind that nobody draws
panel<Plugin>({ kind: 'Nonsense', spec: {} });
// @ts-expect-error: a misspelt option
panel<Plugin>({ kind: 'TimeSeriesChart', spec: { visual: { areaOpacitty: 1 } } });
// @ts-expect-error: a calculation that does not exist
panel<Plugin>({ kind: 'StatChart', spec: { calculation: 'latest', format: { unit: 'decimal' } } });
// @ts-expect-error: a unit of Grafana
panel<Plugin>({ kind: 'HeatMapChart', spec: { yAxisFormat: { unit: 's' } } });
// @ts-expect-error: a duration without a unit
panel<Board['spec']['duration']>('6');
panel<Plugin>({ kind: 'StatChart', spec: { calculation: 'last-number', format: { unit: 'decimal' } } });
