#include "node/commands/server/canvas.h"

#include <cmath>
#include <cstdlib>
#include <numbers>
#include <string_view>

namespace rha::node::commands {

void Canvas::DrawLine(int x, int y, int to_x, int to_y) {  // Bresenham's
  const int width = std::abs(to_x - x), height = std::abs(to_y - y);
  const int step_x = x < to_x ? 1 : -1, step_y = y < to_y ? 1 : -1;
  for (int error = width - height;;) {
    Draw(x, y, 1);
    if (x == to_x && y == to_y) return;
    const int doubled = error * 2;
    if (doubled > -height) {
      error -= height;
      x += step_x;
    }
    if (doubled < width) {
      error += width;
      y += step_y;
    }
  }
}

void Canvas::DrawSquare(int x, int y, float side, float angle) {
  constexpr auto kPi = std::numbers::pi_v<double>;
  const double radius = std::round(static_cast<double>(side) / std::numbers::sqrt2);
  int corner_x[4], corner_y[4];
  for (int i = 0; i < 4; ++i) {
    const double at = kPi / 4 + static_cast<double>(angle) + i * kPi / 2;
    corner_x[i] = static_cast<int>(std::lround(std::sin(at) * radius + x));
    corner_y[i] = static_cast<int>(std::lround(std::cos(at) * radius + y));
  }
  for (int i = 0; i < 4; ++i) {
    const int next = (i + 1) % 4;
    DrawLine(corner_x[i], corner_y[i], corner_x[next], corner_y[next]);
  }
}

std::string Canvas::Braille() const {
  // Which point of the 2 x 4 stands for which bit of the character.
  struct Dot {
    int x, y;
  };
  constexpr Dot kDots[8] = {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}};
  std::string text;
  for (int y = 0; y < height_; y += 4) {
    for (int x = 0; x < width_; x += 2) {
      int code = 0x2800;
      for (int bit = 0; bit < 8; ++bit) {
        if (Read(x + kDots[bit].x, y + kDots[bit].y) != 0) code |= 1 << bit;
      }
      text += static_cast<char>(0xE0 | (code >> 12));
      text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      text += static_cast<char>(0x80 | (code & 0x3F));
    }
    if (y != height_ - 1) text += '\n';
  }
  return text;
}

std::string Canvas::Shades() const {
  constexpr std::string_view kColors[] = {"30;40", "90;100", "37;47", "97;107"};
  std::string text;
  for (int y = 0; y < height_; ++y) {
    for (int x = 0; x < width_; ++x) {
      text += "\033[0;";
      text += kColors[Read(x, y) & 3];
      text += "m \033[0m";
    }
    if (y != height_ - 1) text += '\n';
  }
  return text;
}

}  // namespace rha::node::commands
