/** The light build has the same face as the whole one. */
declare module "hls.js/light" {
  import Hls from "hls.js";
  export default Hls;
}
