// What a Perses dashboard of this folder may be: the types of Perses' packages, with the options of every kind of panel in their place.
import type { DashboardResource, DashboardSpec, GridDefinition, Link, ListVariableSpec, PanelDisplay } from '@perses-dev/core';
import type { HeatMapChartOptions } from '@perses-dev/heatmap-chart-plugin';
import type { PrometheusLabelValuesVariableOptions, PrometheusTimeSeriesQuerySpec } from '@perses-dev/prometheus-plugin';
import type { StatChartOptions } from '@perses-dev/stat-chart-plugin';
import type { StatusHistoryChartOptions } from '@perses-dev/status-history-chart-plugin';
import type { TableOptions } from '@perses-dev/table-plugin';
import type { TimeSeriesChartOptions } from '@perses-dev/timeseries-chart-plugin';
import type { MapOptions } from '../src/map';

// Hidden is what newer versions of Perses know beside: a column that is not named is not shown.
type Hidden = { defaultColumnHidden?: boolean };

interface Of<Kind extends string, Spec> {
  kind: Kind;
  spec: Spec;
}

type Plugin =
  | Of<'TimeSeriesChart', TimeSeriesChartOptions>
  | Of<'StatChart', StatChartOptions>
  | Of<'Table', TableOptions & Hidden>
  | Of<'HeatMapChart', HeatMapChartOptions>
  | Of<'StatusHistoryChart', StatusHistoryChartOptions>
  | Of<'ServiceMap', MapOptions>;

type Query = Of<'TimeSeriesQuery', { plugin: Of<'PrometheusTimeSeriesQuery', PrometheusTimeSeriesQuerySpec> }>;
type Panel = Of<'Panel', { display: PanelDisplay; plugin: Plugin; queries: Query[]; links?: Link[] }>;

type Sort = 'none' | 'alphabetical-asc' | 'alphabetical-desc' | 'numerical-asc' | 'numerical-desc' | 'alphabetical-ci-asc' | 'alphabetical-ci-desc';
type Variable = Of<'ListVariable', Omit<ListVariableSpec, 'plugin' | 'sort'> & { sort: Sort; plugin: Of<'PrometheusLabelValuesVariable', PrometheusLabelValuesVariableOptions> }>;

export type Board = Omit<DashboardResource, 'spec'> & {
  spec: Omit<DashboardSpec, 'panels' | 'variables' | 'layouts'> & { panels: Record<string, Panel>; variables: Variable[]; layouts: GridDefinition[] };
};
