import { type Challenge, type Share, solve } from './proof-of-work.ts';

/** Works on one share of a challenge, away from the page. */
addEventListener('message', ({ data }: MessageEvent<{ readonly challenge: Challenge; readonly share: Share }>) => {
  solve(data.challenge, data.share).then(
    (solution) => postMessage({ solution }),
    () => postMessage({ solution: undefined }),
  );
});
