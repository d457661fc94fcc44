import { useEffect, useState } from 'react';

const boards = ['wire-wall', 'wire-map', 'wire-alerts'];
const stay = 60_000;
const fresh = 3_600_000;

// useRounds is the dashboard to show: the one that is wished, or on a wall one after the other. Once an hour the wall loads itself anew, if
// it is still served: so it gets new versions, and whatever a browser has piled up in days is gone.
export function useRounds(wall: boolean, wished: string): string {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!wall) return;
    const next = setInterval(() => setTurn((t) => t + 1), stay);
    const anew = setInterval(() => void fetch(location.href, { cache: 'no-store' }).then((r) => r.ok && location.reload(), () => undefined), fresh);
    return () => {
      clearInterval(next);
      clearInterval(anew);
    };
  }, [wall]);
  return wall ? boards[(Math.max(boards.indexOf(wished), 0) + turn) % boards.length]! : wished;
}
