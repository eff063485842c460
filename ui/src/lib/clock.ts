/** One look at the wall clock of the frame on screen, in milliseconds; null before the first frame. */
export type Clock = () => number | null;
