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
    return (
      <Box sx={{ height: props.contentDimensions?.height ?? 80, display: 'flex', alignItems: 'center', justifyContent: 'center' }}>
        <Typography color="text.secondary">nothing to show</Typography>
      </Box>
    );
  };
}
