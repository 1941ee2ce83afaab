#include "node/structs/geo.h"

#include <algorithm>
#include <cmath>

namespace rha::node::structs {
namespace {

constexpr int kSteps = 26;  // halvings of each axis: the bits of a score
constexpr double kEarthRadiusM = 6372797.560856;
constexpr double kMercatorMax = 20037726.37;
constexpr double kDegree = M_PI / 180;

double Radians(double degrees) { return degrees * kDegree; }
double Degrees(double radians) { return radians / kDegree; }

struct Axis {
  double low, high;
  double size() const { return high - low; }
  // In which of 2^steps parts; at the very end it is one beyond them.
  uint32_t PartOf(double value, int steps) const {
    const double share = (value - low) / size();
    return static_cast<uint32_t>(share * static_cast<double>(uint64_t{1} << steps));
  }
  double BeginOf(uint32_t part, int steps) const {
    return low + part / static_cast<double>(uint64_t{1} << steps) * size();
  }
};
constexpr Axis kLongitudes{-kGeoLongitudeMax, kGeoLongitudeMax};
constexpr Axis kLatitudes{-kGeoLatitudeMax, kGeoLatitudeMax};

// ---- bits in turn

constexpr uint64_t kMasks[] = {0x5555555555555555, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f,
                               0x00ff00ff00ff00ff, 0x0000ffff0000ffff};

uint64_t Spread(uint64_t bits) {
  for (int i = 4; i >= 0; --i) bits = (bits | bits << (1 << i)) & kMasks[i];
  return bits;
}

uint32_t Gather(uint64_t bits) {
  bits &= kMasks[0];
  for (int i = 1; i < 5; ++i) bits = (bits | bits >> (1 << (i - 1))) & kMasks[i];
  return static_cast<uint32_t>(bits | bits >> 16);
}

uint64_t Interleave(uint32_t longitude, uint32_t latitude) {
  return Spread(latitude) | Spread(longitude) << 1;
}

// Scores that are no place are taken as the processor converts them, which Redis leaves it to.
uint64_t BitsOf(double score) {
  if (score >= 0x1p64) return 0;
  if (score >= 0) return static_cast<uint64_t>(score);
  if (score > -0x1p63) return static_cast<uint64_t>(static_cast<int64_t>(score));
  return uint64_t{1} << 63;
}

// ---- cells of the map

struct Cell {
  uint32_t x, y;
  int steps;

  static Cell Of(GeoPoint point, int steps) {
    return {kLongitudes.PartOf(point.longitude, steps), kLatitudes.PartOf(point.latitude, steps),
            steps};
  }
  // Round the earth; also over the poles, though nothing is gained by it.
  Cell Neighbour(int dx, int dy) const {
    const auto moved = [this](uint32_t at, int by) {
      const uint32_t parts = (uint32_t{1} << steps) - 1;
      return by == 0 ? at : (at + static_cast<uint32_t>(by)) & parts;
    };
    return {moved(x, dx), moved(y, dy), steps};
  }
  double West() const { return kLongitudes.BeginOf(x, steps); }
  double East() const { return kLongitudes.BeginOf(x + 1, steps); }
  double South() const { return kLatitudes.BeginOf(y, steps); }
  double North() const { return kLatitudes.BeginOf(y + 1, steps); }
  GeoStretch Scores() const {
    const uint64_t bits = Interleave(x, y);
    const int unused = 2 * (kSteps - steps);
    return {static_cast<double>(bits << unused), static_cast<double>((bits + 1) << unused)};
  }
};

// So many that a cell is about as large as the area reaches.
int StepsFor(double reach_m, double latitude) {
  if (reach_m == 0) return kSteps;
  int steps = -1;
  for (; reach_m < kMercatorMax; reach_m *= 2) ++steps;
  // Cells are narrower towards the poles.
  if (std::abs(latitude) > 66) --steps;
  if (std::abs(latitude) > 80) --steps;
  return std::clamp(steps, 1, kSteps);
}

double LatitudeDistance(double a, double b) {
  return kEarthRadiusM * std::abs(Radians(b) - Radians(a));
}

}  // namespace

uint64_t GeoScore(GeoPoint point) {
  const Cell cell = Cell::Of(point, kSteps);
  return Interleave(cell.x, cell.y);
}

GeoPoint GeoPointOf(double score) {
  const uint64_t bits = BitsOf(score);
  const Cell cell{Gather(bits >> 1), Gather(bits), kSteps};
  const double longitude = (cell.West() + cell.East()) / 2;
  const double latitude = (cell.South() + cell.North()) / 2;
  return {std::clamp(longitude, -kGeoLongitudeMax, kGeoLongitudeMax),
          std::clamp(latitude, -kGeoLatitudeMax, kGeoLatitudeMax)};
}

std::string GeoHashText(GeoPoint point) {
  constexpr char kAlphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
  constexpr Axis kAllLatitudes{-90, 90};
  const uint64_t bits = Interleave(kLongitudes.PartOf(point.longitude, kSteps),
                                   kAllLatitudes.PartOf(point.latitude, kSteps));
  std::string text;
  for (int shift = 2 * kSteps - 5; shift > 0; shift -= 5) text += kAlphabet[bits >> shift & 31];
  return text + kAlphabet[0];  // for the 3 bits that there are not
}

GeoOrigin::GeoOrigin(GeoPoint point)
    : point_(point),
      longitude_(Radians(point.longitude)),
      latitude_(Radians(point.latitude)),
      latitude_cos_(std::cos(latitude_)) {}

double GeoOrigin::MetresTo(GeoPoint other) const {
  const double v = std::sin((Radians(other.longitude) - longitude_) / 2);
  if (v == 0) return LatitudeDistance(point_.latitude, other.latitude);
  const double latitude = Radians(other.latitude);
  const double u = std::sin((latitude - latitude_) / 2);
  const double a = u * u + latitude_cos_ * std::cos(latitude) * v * v;
  // Rounding may put the other side of the earth beyond 1, where Redis finds no number.
  return 2 * kEarthRadiusM * std::asin(std::sqrt(std::min(a, 1.0)));
}

GeoArea GeoArea::Circle(GeoPoint center, double radius, double unit_m) {
  GeoArea area(center, false);
  area.half_width_m_ = area.half_height_m_ = area.reach_m_ = radius * unit_m;
  area.FindLimits();
  return area;
}

GeoArea GeoArea::Box(GeoPoint center, double width, double height, double unit_m) {
  GeoArea area(center, true);
  area.half_width_m_ = width * unit_m / 2;
  area.half_height_m_ = height * unit_m / 2;
  area.reach_m_ = std::sqrt((width / 2) * (width / 2) + (height / 2) * (height / 2)) * unit_m;
  area.FindLimits();
  return area;
}

// Of a circle: a degree of latitude is as long as the arc everywhere; of longitude the limit is
// where a meridian touches the circle. Both are wider by more than rounding may do to MetresTo().
// That is coarse on the other side of the earth, and the limit close to a pole: none is set then.
void GeoArea::FindLimits() {
  constexpr double kWider = 1 + 1e-9, kWiderDegrees = 1e-9;
  const double arc = Degrees(half_height_m_ / kEarthRadiusM);
  if (is_box_ || !(arc < 89 - std::abs(center_.point().latitude))) return;
  latitude_limit_ = arc * kWider + kWiderDegrees;
  const double sine = std::sin(Radians(arc)) / std::cos(Radians(center_.point().latitude));
  longitude_limit_ = Degrees(std::asin(sine)) * kWider + kWiderDegrees;
}

std::optional<double> GeoArea::Distance(GeoPoint point) const {
  const GeoPoint& center = center_.point();
  if (is_box_) {
    if (LatitudeDistance(point.latitude, center.latitude) > half_height_m_) return std::nullopt;
    const GeoPoint beside{center.longitude, point.latitude};
    if (GeoOrigin(point).MetresTo(beside) > half_width_m_) return std::nullopt;
    return center_.MetresTo(point);
  }
  if (std::abs(point.latitude - center.latitude) > latitude_limit_) return std::nullopt;
  const double apart = std::abs(point.longitude - center.longitude);
  if (std::min(apart, 360 - apart) > longitude_limit_) return std::nullopt;
  const double metres = center_.MetresTo(point);
  return metres > half_width_m_ ? std::nullopt : std::optional(metres);
}

GeoArea::Cover GeoArea::Covered() const {
  const GeoPoint& center = center_.point();
  const double up = Degrees(half_height_m_ / kEarthRadiusM);
  // In degrees it is widest where it is nearest to a pole.
  const double widest = center.latitude + (center.latitude < 0 ? -up : up);
  const double aside = Degrees(half_width_m_ / kEarthRadiusM / std::cos(Radians(widest)));
  const double west = center.longitude - aside, east = center.longitude + aside;
  const double south = center.latitude - up, north = center.latitude + up;

  int steps = StepsFor(reach_m_, center.latitude);
  Cell cell = Cell::Of(center, steps);
  // Near its edge even the neighbours do not reach far enough.
  const bool too_small = cell.Neighbour(0, 1).North() < north ||
                         cell.Neighbour(0, -1).South() > south ||
                         cell.Neighbour(1, 0).East() < east || cell.Neighbour(-1, 0).West() > west;
  if (steps > 1 && too_small) cell = Cell::Of(center, --steps);

  constexpr struct {
    int dx, dy;
  } kNeighbours[] = {{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
  Cover cover;
  for (const auto [dx, dy] : kNeighbours) {
    const bool needless = (dy < 0 && cell.South() < south) || (dy > 0 && cell.North() > north) ||
                          (dx < 0 && cell.West() < west) || (dx > 0 && cell.East() > east);
    if (steps >= 2 && needless) continue;
    const GeoStretch scores = cell.Neighbour(dx, dy).Scores();
    // Where there are but two cells beside each other, both neighbours are one.
    if (cover.size > 0 && cover.stretches[cover.size - 1].low == scores.low) continue;
    cover.stretches[cover.size++] = scores;
  }
  return cover;
}

}  // namespace rha::node::structs
