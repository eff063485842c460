// The build of every page's stylesheet (and the sellers' own), one script and the islands it loads when their tag is on the page.
// The server embeds `dist/` and finds hashed names through `.vite/manifest.json`.
import { readdirSync, readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";
import { flatten, plain } from "./build/flatten.ts";

/** Draws the icons named in icons.txt into one sprite: `<use href="icons.svg#name">`. */
function sprite(): Plugin {
  return {
    name: "dangol-sprite",
    apply: "build",
    generateBundle() {
      const names = readFileSync("icons.txt", "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
      const symbols = names.map((name) => {
        const drawn = readFileSync(`node_modules/lucide-static/icons/${name}.svg`, "utf8");
        const shapes = drawn.slice(drawn.indexOf(">", drawn.indexOf("<svg")) + 1, drawn.lastIndexOf("</svg>"));
        return `<symbol id="${name}" viewBox="0 0 24 24">${shapes.replace(/\s*\n\s*/g, "").replace(/ \/>/g, "/>")}</symbol>`;
      });
      const source = `<svg xmlns="http://www.w3.org/2000/svg"><!-- Icons: Lucide, copyright Lucide Icons and Contributors, ISC licence, https://lucide.dev/license -->${symbols.join("")}</svg>`;
      this.emitFile({ type: "asset", name: "icons.svg", originalFileName: "icons.svg", source });
    },
  };
}

/** The drawn pictures that stand in for a photo, one per kind of goods: `ui.asset("category-fish.svg")`. */
function drawn(): Plugin {
  const from = "../demo/pictures";
  return {
    name: "dangol-drawn",
    apply: "build",
    generateBundle() {
      for (const name of readdirSync(from).filter((file) => /^category-.*\.svg$/.test(file))) {
        this.emitFile({ type: "asset", name, originalFileName: name, source: readFileSync(`${from}/${name}`, "utf8") });
      }
    },
  };
}

/** The letters of printed slips and labels, which the server sets into PDFs; no page downloads them. */
function letters(): Plugin {
  const from = "node_modules/@expo-google-fonts/nanum-gothic";
  const faces = { "print-plain.ttf": "400Regular/NanumGothic_400Regular.ttf", "print-bold.ttf": "700Bold/NanumGothic_700Bold.ttf" };
  return {
    name: "dangol-letters",
    apply: "build",
    generateBundle() {
      for (const [name, file] of Object.entries(faces)) {
        this.emitFile({ type: "asset", name, originalFileName: name, source: readFileSync(`${from}/${file}`) });
      }
      // The licence goes wherever the letters go.
      this.emitFile({ type: "asset", fileName: "assets/nanum-gothic-license.txt", source: readFileSync(`${from}/LICENSE_FONT`) });
    },
  };
}

/** Old phones know no `@layer`; the build unwraps the layers, which stand in order anyway. */
function layers(): Plugin {
  return {
    name: "dangol-flat-layers",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "asset" && file.fileName.endsWith(".css")) file.source = flatten(plain(String(file.source)));
      }
    },
  };
}

export default defineConfig({
  root: "src",
  base: "/",
  publicDir: "../public",
  plugins: [sprite(), drawn(), letters(), layers()],
  css: { transformer: "lightningcss" },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    assetsDir: "assets",
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: false,
    target: ["chrome90", "safari14.1", "firefox90"],
    cssTarget: ["chrome90", "safari14.1", "firefox90"],
    cssMinify: "lightningcss",
    reportCompressedSize: false,
    rollupOptions: {
      // The player is asked for by the watch page itself, before `main`; hls.js, whep.ts and ease.ts by the player, by the name in the page.
      input: { main: "src/main.ts", style: "src/main.css", studio: "src/studio.css", office: "src/office.css", search: "src/search.css", trust: "src/trust.css", counter: "src/counter.css", detail: "src/detail.css", "live-player": "src/islands/live-player.ts", hls: "src/lib/hls.ts", whep: "src/lib/whep.ts", ease: "src/lib/ease.ts" },
      preserveEntrySignatures: "exports-only",
      // A few hundred bytes each: together they are one question over a slow line instead of three.
      output: { codeSplitting: { groups: [{ name: "lines", test: /lib\/(backoff|fill|line)\.ts$/ }] } },
    },
  },
  test: { root: ".", include: ["test/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
