# Doors in front of meson. What each does stands in README.md and CONTRIBUTING.md.
.PHONY: build demo demo-prometheus demo-down check check-openstack check-kernels check-arm64 bench sim fuzz install clean

build:
	@test/install.sh build
	@test -e build/build.ninja || meson setup build >/dev/null
	@ninja -C build

demo: build
	@test/install.sh test
	@demo/up.sh

# A Prometheus that watches the demo, which is brought up if it is not there.
demo-prometheus: build
	@test/install.sh test
	@demo/prometheus.sh

demo-down:
	@demo/down.sh

# ONLY="name ..." runs these suites alone.
check:
	@test/check.sh $(ONLY)

# All of tempest's network tests; TESTS="-v tempest.api.network.test_ports" names some.
check-openstack: build
	@test/install.sh test openstack
	@BUILD=$(CURDIR)/build test/openstack/run.py $(TESTS)

# Other kernels (in QEMU) and another processor; they fetch more and take longer.
check-kernels: build
	@test/install.sh test kernels
	@test/kernels/run.sh $(KERNELS)

check-arm64:
	@test/install.sh build arm64
	@test/arm64/run.sh

# BENCH="-r 1 weft a" and the like are passed on; test/bench/run.sh -h tells.
bench: build
	@test/install.sh test bench
	@test/bench/run.sh $(BENCH)

# SIM="--hosts 1000 --measure" and the like are passed on; sim/README.md tells.
sim: build
	@build/sim/weft-sim --weftd build/controller/weftd $(SIM)

fuzz:
	@test/install.sh build
	@test/fuzz/run.sh

install: build
	@meson install -C build

clean:
	rm -rf build build-check build-clang build-fuzz
