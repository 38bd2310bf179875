"""The Django REST framework project that most people would write, in one module."""

import os
from typing import ClassVar

import django
from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY="of no use: nothing is signed",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["bench", "rest_framework"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": f"file:{os.environ['PEERS_DB']}?mode=ro",
            "OPTIONS": {"uri": True},
            "CONN_MAX_AGE": None,
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.LimitOffsetPagination",
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
        "PAGE_SIZE": 20,
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - the settings come first
from django.db import models  # noqa: E402
from django.urls import include, path  # noqa: E402
from rest_framework import filters, routers, serializers, viewsets  # noqa: E402


class Claim(models.Model):
    """A claim."""

    slug = models.CharField(max_length=80, unique=True)
    name = models.TextField()
    url = models.TextField()

    class Meta:
        """Table."""

        app_label, db_table = "bench", "claim"


class Source(models.Model):
    """A publication and the claims that cite it."""

    slug = models.CharField(max_length=80, unique=True)
    name = models.TextField(db_index=True)
    url = models.TextField()
    type = models.TextField(db_index=True)
    title = models.TextField()
    authors = models.TextField()
    year = models.IntegerField(db_index=True)
    publisher = models.TextField()
    doi = models.TextField()
    website = models.TextField(null=True)
    summary = models.TextField()
    funding = models.TextField(null=True)
    from_article = models.BooleanField()
    claims = models.ManyToManyField(Claim, db_table="source_claim")

    class Meta:
        """Table."""

        app_label, db_table = "bench", "source"
        ordering: ClassVar = ["name", "slug"]


class ClaimSerializer(serializers.ModelSerializer[Claim]):
    """A reference to a claim."""

    class Meta:
        """Fields."""

        model = Claim
        fields: ClassVar = ["slug", "name", "url"]


class SourceSerializer(serializers.ModelSerializer[Source]):
    """A publication as it is served."""

    claims = ClaimSerializer(many=True)

    class Meta:
        """Fields."""

        model = Source
        exclude: ClassVar = ["id"]


class SourceViewSet(viewsets.ReadOnlyModelViewSet[Source]):
    """List and detail."""

    serializer_class = SourceSerializer
    lookup_field = "slug"
    filter_backends: ClassVar = [filters.OrderingFilter]
    ordering_fields: ClassVar = ["name", "year", "slug"]

    def get_queryset(self) -> models.QuerySet[Source]:
        """All sources, or those of one type."""
        type = self.request.query_params.get("type")
        chosen = Source.objects.prefetch_related("claims")
        return chosen.filter(type=type) if type else chosen


router = routers.SimpleRouter(trailing_slash=False)
router.register("sources", SourceViewSet, basename="source")
urlpatterns = [path("", include(router.urls))]
application = get_wsgi_application()
