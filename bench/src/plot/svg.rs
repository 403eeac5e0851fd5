//! SVG by hand: lines, dots and text, in colours that follow the reader's light or dark surroundings.

/// A drawing.
pub struct Svg(String);

/// Which end of a text is at its place.
#[derive(Debug, Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

const STYLE: &str = "text{font-family:system-ui,sans-serif;fill:#1f2328}\
    .paper{fill:#fff}.name{font-size:13px;font-weight:600}.tick{font-size:11px;fill:#59636e}\
    .value{font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:3px}.grid{stroke:#e4e8ec}.axis{stroke:#818b98}\
    .spread{stroke:#0969da;stroke-width:4;stroke-opacity:.3}\
    .curve{fill:none;stroke:#0969da;stroke-width:2}.dot{fill:#0969da}\
    @media(prefers-color-scheme:dark){text{fill:#f0f6fc}.paper{fill:#0d1117}.tick{fill:#9198a1}.value{stroke:#0d1117}\
    .grid{stroke:#262c36}.axis{stroke:#656c76}.spread,.curve{stroke:#4493f8}.dot{fill:#4493f8}}";

impl Svg {
    /// An empty drawing of this size; `what` says what there is to see to those who cannot.
    pub fn new(width: f64, height: f64, what: &str) -> Self {
        let what = escaped(what);
        Self(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{what}</title>\n\
             <style>{STYLE}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
        ))
    }

    pub fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        self.add(format_args!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    pub fn dot(&mut self, (x, y): (f64, f64)) {
        self.add(format_args!("<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>"));
    }

    /// A line through these places.
    pub fn curve(&mut self, places: &[(f64, f64)]) {
        let places: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let places = places.join(" ");
        self.add(format_args!("<polyline class=\"curve\" points=\"{places}\"/>"));
    }

    pub fn text(&mut self, class: &str, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escaped(text);
        self.add(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        ));
    }

    pub fn finish(mut self) -> String {
        self.0 += "</svg>\n";
        self.0
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        self.0 += &element.to_string();
        self.0.push('\n');
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
