import { Alert } from '@mui/material';
import { useEffect, useState } from 'react';
import { api } from './api';

// Away says it when Prometheus does not answer: panels then show what they had.
export function Away() {
  const [away, setAway] = useState(false);
  useEffect(() => {
    const ask = () =>
      fetch(api + '/api/v1/query?query=1')
        .then((r) => setAway(!r.ok))
        .catch(() => setAway(true));
    const timer = setInterval(ask, 15_000);
    ask();
    return () => clearInterval(timer);
  }, []);
  return away ? (
    <Alert severity="error" variant="filled" sx={{ position: 'sticky', top: 0, zIndex: 10 }}>
      Prometheus does not answer at {api}. What you see is old; it is asked again every 15 seconds.
    </Alert>
  ) : null;
}
