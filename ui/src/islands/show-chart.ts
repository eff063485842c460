// <show-chart> wraps a <live-player> and what tells of its show: a tap on [data-at-ms] leads the video to that moment.
//
// In its svg[data-from][data-to] the line `.now` goes along with the video. Without JavaScript the links lead to the replay,
// and so they do as long as the player does not know where the moment lies.
import { jump } from "../lib/jump";

type Player = HTMLElement & { place?(at_ms: number): number | null };

class ShowChart extends HTMLElement {
  private readonly player = this.querySelector<Player>("live-player");

  connectedCallback(): void {
    this.addEventListener("click", (event) => this.tap(event));
    this.addEventListener("media-clock", (event) => this.now((event as CustomEvent<{ at_ms: number }>).detail.at_ms));
  }

  private tap(event: MouseEvent): void {
    const moment = (event.target as Element).closest<HTMLElement | SVGElement>("[data-at-ms]");
    const at = moment && this.player?.place?.(Number(moment.dataset["atMs"]));
    if (typeof at !== "number" || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    jump(this.player!, at);
  }

  private now(at_ms: number): void {
    const chart = this.querySelector<SVGSVGElement>("svg[data-from]");
    const line = chart?.querySelector(".now");
    if (!chart || !line) return;
    const [from, to] = [Number(chart.dataset["from"]), Number(chart.dataset["to"])];
    const share = Math.min(1, Math.max(0, (at_ms - from) / Math.max(1, to - from)));
    line.setAttribute("transform", `translate(${(share * chart.viewBox.baseVal.width).toFixed(1)})`);
    line.setAttribute("visibility", "visible");
  }
}
customElements.define("show-chart", ShowChart);
