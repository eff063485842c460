// Leads a player's video to a moment, and the eye to the player.

/** Plays on from `at` seconds of the video's own time. */
export function jump(player: HTMLElement, at: number): void {
  const video = player.querySelector("video");
  if (!video) return;
  video.currentTime = at;
  void video.play().catch(() => {});
  player.scrollIntoView({ block: "start", behavior: "smooth" });
}
