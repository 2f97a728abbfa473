# Two stages: the first builds the locked environment and the static files, the second holds only what runs.
FROM python:3.11-slim-bookworm AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 PYTHONDONTWRITEBYTECODE=1
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups
COPY . .
# Collecting files needs no secret: these values are no one's and stay in this step; only the storage must be production's.
RUN ENVIRONMENT=production SECRET_KEY=build-only-build-only-build-only-build-only-build-only \
    SITE_URL=https://build.invalid ALLOWED_HOSTS=build.invalid DATABASE_URL=postgres:///none REDIS_URL=redis://none \
    FIELD_KEYS="$(.venv/bin/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
    .venv/bin/python manage.py collectstatic --noinput \
 && .venv/bin/python -m compileall -q manage.py config athletes activities performance

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 agegrade \
 && useradd --system --uid 10001 --gid agegrade --home-dir /app --no-create-home agegrade \
 && install -d -o agegrade -g agegrade /media-files /scratch
WORKDIR /app
# Root's and only to be read: what runs here cannot change itself.
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ENVIRONMENT=production MEDIA_ROOT=/media-files
USER agegrade
EXPOSE 8000
# WEB_CONCURRENCY says how many processes. Their pulse is in memory: a slow disk must not look like a stuck process.
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--threads", "16", "--timeout", "60", "--graceful-timeout", "30", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
