//! The pages' scripts and styles are embedded from `ui/dist`, which `./run` builds with Vite.

fn main() {
    let dist = std::path::Path::new("../../ui/dist");
    println!("cargo:rerun-if-changed=../../ui/dist");
    if !dist.join(".vite/manifest.json").exists() {
        println!("cargo:warning=ui/dist is missing: run ./run once, or `npm ci && npx vite build` in ui/");
        std::fs::create_dir_all(dist).expect("ui/dist can be made");
    }
}
