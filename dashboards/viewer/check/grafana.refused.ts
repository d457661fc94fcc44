// What the types must refuse: TypeScript reports a line below that is right.
import type { Board } from './grafana';

type Panel = Extract<Board['panels'][number], { type: 'timeseries' }>;
const say = <T>(_: T) => undefined;

// @ts-expect-error: a panel that is a plugin
say<Board['panels'][number]['type']>('grafana-piechart-panel');
// @ts-expect-error: an option of another panel
say<Panel['options']>({ legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] }, tooltip: { mode: 'multi', sort: 'desc' }, colorMode: 'value' });
// @ts-expect-error: a mode that does not exist
say<Panel['options']>({ legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] }, tooltip: { mode: 'many', sort: 'desc' } });
// @ts-expect-error: a misspelt property
say<Panel['fieldConfig']['overrides'][number]['properties'][number]>({ id: 'custom.fillBelow', value: 'lower' });
// @ts-expect-error: a value of another type
say<Panel['fieldConfig']['overrides'][number]['properties'][number]>({ id: 'custom.lineWidth', value: 'thin' });
// @ts-expect-error: a datasource by its name
say<Panel['datasource']>({ type: 'prometheus', uid: 'Prometheus' });
// @ts-expect-error: a matcher that would match nothing
say<Panel['fieldConfig']['overrides'][number]['matcher']>({ id: 'byname', options: 'now' });
// @ts-expect-error: a variable that is refreshed by nothing there is
say<NonNullable<Board['templating']['list'][number]['refresh']>>(3);
say<Panel['fieldConfig']['overrides'][number]['properties'][number]>({ id: 'custom.lineWidth', value: 0 });
