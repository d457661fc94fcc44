// What a Grafana dashboard of this folder may be: the types of @grafana/schema, with the options of every kind of panel in their place. "panel/..."
// are its types of one kind of panel; which version of all that is meant is said by check.mjs.
import type { DashboardLink, Dashboard as Schema, FieldConfig, Panel as AnyPanel, RowPanel, VariableModel } from '@grafana/schema';
import type * as heatmap from 'panel/heatmap';
import type * as nodeGraph from 'panel/nodegraph';
import type * as stateTimeline from 'panel/statetimeline';
import type * as stat from 'panel/stat';
import type * as table from 'panel/table';
import type * as timeseries from 'panel/timeseries';

// Json is a type as its values stand in a file: the words and numbers of an enumeration instead of its members.
type Json<T> = T extends string
  ? `${T}`
  : T extends number
    ? `${T}` extends `${infer N extends number}`
      ? N
      : T
    : T extends (infer E)[]
      ? Json<E>[]
      : T extends object
        ? { [K in keyof T]: Json<T[K]> }
        : T;

interface Source {
  type: 'prometheus';
  uid: '${datasource}';
}

// PrometheusQuery is what Grafana's data source for Prometheus reads (the package @grafana/prometheus, dataquery.d.ts).
interface PrometheusQuery {
  refId: string;
  datasource?: Source;
  expr: string;
  format?: 'time_series' | 'table' | 'heatmap';
  legendFormat?: string;
  instant?: boolean;
  range?: boolean;
  exemplar?: boolean;
  interval?: string;
  editorMode?: 'builder' | 'code';
}

// Annotation has what the data source for Prometheus puts beside the common fields (@grafana/prometheus, annotations.mjs).
interface Annotation {
  name: string;
  datasource: Source;
  enable: boolean;
  hide?: boolean;
  iconColor: string;
  target: PrometheusQuery;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
  useValueForTime?: boolean;
}

interface DataLink {
  title: string;
  url: string;
  targetBlank?: boolean;
}

type Standard = Omit<Json<FieldConfig>, 'custom' | 'links'> & { links?: DataLink[] };

// Override sets, for fields of a name, what could be set for all.
type Property<Of, Prefix extends string = ''> = { [K in keyof Of & string]-?: { id: `${Prefix}${K}`; value: NonNullable<Of[K]> } }[keyof Of & string];
interface Override<Custom> {
  matcher: { id: 'byName'; options: string };
  properties: (Property<Standard> | Property<Custom, 'custom.'>)[];
}

type Transformation =
  | { id: 'merge'; options: Record<string, never> }
  | { id: 'organize'; options: { indexByName: Record<string, number>; renameByName: Record<string, string>; excludeByName: Record<string, boolean> } };

interface Panel<Type extends string, Options, Custom = Record<string, never>>
  extends Omit<Json<AnyPanel>, 'type' | 'options' | 'fieldConfig' | 'targets' | 'transformations' | 'datasource' | 'links'> {
  type: Type;
  id: number;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource: Source;
  targets: PrometheusQuery[];
  options: Json<Options>;
  fieldConfig: { defaults: Standard & { custom?: Json<Custom> }; overrides: Override<Json<Custom>>[] };
  transformations?: Transformation[];
  links?: Json<DashboardLink>[];
}

type AnyOf =
  | Panel<'timeseries', timeseries.Options, timeseries.FieldConfig>
  | Panel<'stat', stat.Options>
  | Panel<'table', table.Options, table.FieldConfig>
  | Panel<'heatmap', heatmap.Options, heatmap.FieldConfig>
  | Panel<'nodeGraph', nodeGraph.Options>
  | Panel<'state-timeline', stateTimeline.Options, stateTimeline.FieldConfig>;

type Row = Omit<Json<RowPanel>, 'panels' | 'datasource'> & { panels: AnyOf[] };

type Variable = Omit<Json<VariableModel>, 'datasource' | 'query' | 'type'> &
  ({ type: 'datasource'; query: 'prometheus' } | { type: 'query'; datasource: Source; definition: string; query: { query: string; refId: string } });

export type Board = Omit<Json<Omit<Schema, 'panels' | 'annotations' | 'templating'>>, never> & {
  uid: string;
  panels: (AnyOf | Row)[];
  annotations: { list: Annotation[] };
  templating: { list: Variable[] };
};
