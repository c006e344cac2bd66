//! A picture of what was measured: calls a second by kind of work against nginx, and the cost of a call by the number of upstreams.

use std::error::Error;
use std::io;
use std::path::Path;

use plotters::prelude::*;

use crate::calls::Measured;
use crate::growth::Grown;

const WIDTH: u32 = 1_000;
const HEIGHT: u32 = 760;
/// Where bars are cut off; the figure stands beside them.
const MOST: f64 = 2.4;
/// Half the width of a mark.
const MARK: f64 = 0.006;
const TEXT: (&str, i32) = ("sans-serif", 15);
const HUB: RGBColor = RGBColor(37, 99, 235);
const GOAL: RGBColor = RGBColor(220, 38, 38);

pub(crate) fn draw(file: &Path, measured: &[Measured], grown: &[Grown]) -> io::Result<()> {
    drawn(file, measured, grown).map_err(|error| io::Error::other(error.to_string()))
}

fn drawn(file: &Path, measured: &[Measured], grown: &[Grown]) -> Result<(), Box<dyn Error>> {
    let whole = SVGBackend::new(file, (WIDTH, HEIGHT)).into_drawing_area();
    whole.fill(&WHITE)?;
    let (upper, lower) = whole.split_vertically(HEIGHT * 2 / 3);
    bars(&upper, measured)?;
    line(&lower, grown)?;
    whole.present()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// One bar for each kind of work, with nginx as the line at 1 and the goal as a mark.
fn bars(area: &Area<'_>, measured: &[Measured]) -> Result<(), Box<dyn Error>> {
    let count = measured.len();
    let mut chart = ChartBuilder::on(area)
        .caption("calls a second, as a ratio to nginx (red: the goal)", TEXT)
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(300)
        .build_cartesian_2d(0.0..MOST, (0..count).into_segmented())?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(count)
        .y_label_formatter(&|place| match place {
            SegmentValue::CenterOf(place) | SegmentValue::Exact(place) => measured
                .get(*place)
                .map_or(String::new(), |it| it.name.clone()),
            SegmentValue::Last => String::new(),
        })
        .label_style(TEXT)
        .draw()?;
    let bar = |place: usize, from: f64, to: f64, style: ShapeStyle| {
        let mut bar = Rectangle::new(
            [
                (from, SegmentValue::Exact(place)),
                (to, SegmentValue::Exact(place + 1)),
            ],
            style,
        );
        bar.set_margin(5, 5, 0, 0);
        bar
    };
    let ratios = measured.iter().enumerate();
    chart.draw_series(
        ratios
            .clone()
            .filter(|(_, it)| it.per_second.is_finite())
            .map(|(place, it)| bar(place, 0.0, it.per_second.min(MOST), HUB.filled())),
    )?;
    chart.draw_series(ratios.clone().map(|(place, it)| {
        let end = (it.per_second.min(MOST - 0.2), SegmentValue::CenterOf(place));
        EmptyElement::at(end) + Text::new(format!("{:.2}", it.per_second), (8, -6), TEXT)
    }))?;
    chart.draw_series(ratios.filter_map(|(place, it)| {
        let goal = it.goal?;
        Some(bar(place, goal - MARK, goal + MARK, GOAL.filled()))
    }))?;
    chart.draw_series(LineSeries::new(
        [
            (1.0, SegmentValue::Exact(0)),
            (1.0, SegmentValue::Exact(count)),
        ],
        BLACK,
    ))?;
    Ok(())
}

fn line(area: &Area<'_>, grown: &[Grown]) -> Result<(), Box<dyn Error>> {
    let most = grown.iter().map(|it| it.call).fold(10.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(
            "CPU time of a call in microseconds, by the number of upstreams",
            TEXT,
        )
        .margin(12)
        .x_label_area_size(30)
        .y_label_area_size(60)
        .build_cartesian_2d((1.0..1_100.0).log_scale(), 0.0..most * 1.2)?;
    chart.configure_mesh().label_style(TEXT).draw()?;
    let points = || grown.iter().map(|it| (it.upstreams as f64, it.call));
    chart.draw_series(LineSeries::new(points(), HUB.stroke_width(2)))?;
    chart.draw_series(points().map(|point| Circle::new(point, 4, HUB.filled())))?;
    Ok(())
}
