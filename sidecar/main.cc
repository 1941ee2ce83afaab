#include "sidecar/shell/app.h"

int main(int argc, char** argv) { return rha::sidecar::shell::RunSidecar({argv + 1, argv + argc}); }
