import { Box, Typography } from '@mui/material';
import type { TimeSeriesData } from '@perses-dev/core';
import type { PanelProps } from '@perses-dev/plugin-system';
import type { FC } from 'react';

export type PanelOf<Spec> = FC<PanelProps<Spec, TimeSeriesData>>;

// orNothing says in words when there is nothing to show: on a quiet day that is good news, not a failure.
export function orNothing<Spec>(Panel: PanelOf<Spec>): PanelOf<Spec> {
  return function Said(props) {
    const some = props.queryResults.some((r) => r.data?.series?.some((s) => s.values.length > 0 || s.histograms?.length));
    if (some) return <Panel {...props} />;
    return <Nothing height={props.contentDimensions?.height} description={props.definition?.spec.display?.description} />;
  };
}

// Nothing has the sentence of the description that says when a panel is empty.
export function Nothing({ height, description }: { height: number | undefined; description: string | undefined }) {
  const when = /(?:^| )(Empty (?:while|where|until) [^.]+\.)/.exec(description ?? '')?.[1];
  return (
    <Box sx={{ height: height ?? 80, display: 'flex', flexDirection: 'column', alignItems: 'center', justifyContent: 'center' }}>
      <Typography color="text.secondary">nothing to show</Typography>
      {when && (
        <Typography variant="body2" color="text.secondary">
          {when}
        </Typography>
      )}
    </Box>
  );
}

// current are the series that have a value now: one that ended earlier in the range is no state of now.
export function current(data: TimeSeriesData | undefined): TimeSeriesData['series'] {
  const all = data?.series ?? [];
  const last = (s: (typeof all)[number]) => s.values.findLast(([, v]) => v !== null)?.[0] ?? 0;
  const end = data?.timeRange?.end.getTime() ?? Math.max(...all.map(last));
  return all.filter((s) => last(s) >= end - 3 * (data?.stepMs ?? 60_000));
}
