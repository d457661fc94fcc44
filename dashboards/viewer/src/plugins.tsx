// The plugins, as ordinary imports. Where a panel of Perses lacks something, ours is put over it under the same kind, so that the files stay
// ordinary Perses dashboards; ServiceMap alone is a kind of our own.
import * as heatmap from '@perses-dev/heatmap-chart-plugin';
import { dynamicImportPluginLoader } from '@perses-dev/plugin-system';
import * as prometheus from '@perses-dev/prometheus-plugin';
import * as stat from '@perses-dev/stat-chart-plugin';
import * as history from '@perses-dev/status-history-chart-plugin';
import * as timeseries from '@perses-dev/timeseries-chart-plugin';
import { Band, isBand } from './band';
import { HeatMap } from './heat';
import { ServiceMap } from './map';
import { type PanelOf, orNothing } from './nothing';
import { Rows } from './rows';
import { Tiles } from './tiles';

const Lines = timeseries.TimeSeriesChart.PanelComponent as PanelOf<timeseries.TimeSeriesChartOptions>;
const BandOrLines: PanelOf<timeseries.TimeSeriesChartOptions> = (props) => (props.queryResults.some(isBand) ? <Band {...props} /> : <Lines {...props} />);

const panel = (component: unknown) => ({ PanelComponent: component, supportedQueryTypes: ['TimeSeriesQuery'], createInitialOptions: () => ({}) });

const own = {
  getPluginModule: () => ({
    kind: 'PluginModule',
    metadata: { name: 'wire', version: '1.0.0' },
    spec: { plugins: [{ kind: 'Panel', spec: { name: 'ServiceMap', display: { name: 'Map of services' } } }, { kind: 'Panel', spec: { name: 'Table', display: { name: 'Table' } } }] },
  }),
  ServiceMap: panel(orNothing(ServiceMap)),
  Table: { ...panel(orNothing(Rows)), queryOptions: { mode: 'instant' } },
};

const modules = [
  prometheus,
  { ...timeseries, TimeSeriesChart: { ...timeseries.TimeSeriesChart, PanelComponent: orNothing(BandOrLines) } },
  { ...stat, StatChart: { ...stat.StatChart, PanelComponent: orNothing(Tiles) } },
  { ...heatmap, HeatMapChart: { ...heatmap.HeatMapChart, PanelComponent: orNothing(HeatMap) } },
  { ...history, StatusHistoryChart: { ...history.StatusHistoryChart, PanelComponent: orNothing(history.StatusHistoryChart.PanelComponent as PanelOf<unknown>) } },
  own,
] as unknown as Array<{ getPluginModule: () => never }>;

export const pluginLoader = dynamicImportPluginLoader(modules.map((m) => ({ resource: m.getPluginModule(), importPlugin: async () => m })));
