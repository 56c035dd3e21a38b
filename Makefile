# make setup | demo | run | test | bench | lint: see CONTRIBUTING.md
.PHONY: setup demo run test slow bench lint strangers skf clean
PY := .venv/bin/python

setup:
	@scripts/setup

demo: READER ?= private
demo: setup
	@$(PY) -m scripts.demo $(READER)

run: setup
	@scripts/run

test: setup
	@$(PY) -m pytest -n auto --dist loadgroup

slow: setup
	@$(PY) -m pytest -n auto --dist loadgroup -m slow

bench: setup
	@$(PY) -m scripts.bench
	@$(PY) -m scripts.bench_eport

strangers: setup
	@$(PY) -m scripts.run_strangers

skf: setup
	@$(PY) -m scripts.build_skf

lint: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy

clean:
	rm -rf .venv .strangers build dist var *.egg-info .mypy_cache .ruff_cache .pytest_cache
