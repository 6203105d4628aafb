# The page and the REST endpoint of `proportrait serve`; see docs/serve.md.
FROM python:3.11-slim
WORKDIR /app
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
COPY requirements.txt ./
RUN pip install -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY proportrait ./proportrait
RUN pip install --no-deps -e .
RUN python -m proportrait.networks.assets --install
# Photos stay in memory, so that nothing needs to be written: run it with --read-only.
RUN useradd --no-create-home judge
USER judge
EXPOSE 8000
HEALTHCHECK --start-period=30s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=5)"]
ENTRYPOINT ["proportrait", "serve", "--host", "0.0.0.0"]
