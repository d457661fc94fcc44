import type { ThresholdOptions } from '@perses-dev/core';

// Colours that people who do not tell red from green can tell apart: those of dashboards/board.go.
export const blue = '#0072B2';
export const orange = '#E69F00';
export const red = '#D55E00';
export const sky = '#56B4E9';
export const green = '#009E73';
export const purple = '#CC79A7';
export const neutral = '#8E8E8E';

// colorOf is the colour of a value by thresholds; undefined: there are none.
export function colorOf(value: number | undefined, thresholds?: ThresholdOptions): string | undefined {
  if (!thresholds) return undefined;
  let color = thresholds.defaultColor;
  for (const step of thresholds.steps ?? []) if (value !== undefined && value >= step.value) color = step.color ?? color;
  return color;
}
