import { type FormatOptions, formatValue } from '@perses-dev/core';

// amount writes a value of a signal (rules/recording/signals.yml) in the unit that its name tells; a signal of the user's own is a number.
// The edge of a share's band may lie beyond all there is.
export function amount(signal: string, value: number): string {
  return formatValue(/(error|aborted|retransmission)_ratio$/.test(signal) ? Math.min(value, 1) : value, formatOf(signal)) + (/_rate$|^logins$/.test(signal) ? '/s' : '');
}

function formatOf(signal: string): FormatOptions {
  if (/_p\d+$|_age$|_seconds$/.test(signal)) return { unit: 'seconds', decimalPlaces: 2 };
  if (/_ratio$/.test(signal)) return { unit: 'percent-decimal', decimalPlaces: 1 };
  return { unit: 'decimal', shortValues: true, decimalPlaces: 1 };
}
