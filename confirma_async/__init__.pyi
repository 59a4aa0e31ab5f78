from ._version import (
    __version__ as __version__,
)
from .account import (
    Account as Account,
    AccountView as AccountView,
)
from .bulk import (
    Outcome as Outcome,
    Report as Report,
    Unknown as Unknown,
    Verdict as Verdict,
)
from .client import (
    Confirma as Confirma,
)
from .contract import (
    OPERATIONS as OPERATIONS,
    Operation as Operation,
    Overrides as Overrides,
)
from .converters import (
    Converter as Converter,
    to_dict as to_dict,
    to_json as to_json,
)
from .credentials import (
    CallbackTokenStore as CallbackTokenStore,
    FileTokenStore as FileTokenStore,
    KeyringTokenStore as KeyringTokenStore,
    SharedTokenStore as SharedTokenStore,
    TokenStore as TokenStore,
)
from .creditors import (
    Creditors as Creditors,
    CreditorsReport as CreditorsReport,
    Profile as Profile,
    Profiles as Profiles,
)
from .errors import (
    AmbiguousAddressError as AmbiguousAddressError,
    APIError as APIError,
    Attempt as Attempt,
    AuthenticationError as AuthenticationError,
    BadRequestError as BadRequestError,
    BusinessRuleError as BusinessRuleError,
    CallError as CallError,
    ConfigurationError as ConfigurationError,
    ConfirmaError as ConfirmaError,
    ConflictError as ConflictError,
    CredentialsError as CredentialsError,
    DocumentError as DocumentError,
    FindOut as FindOut,
    JournalError as JournalError,
    JournalMismatchError as JournalMismatchError,
    MirrorBusyError as MirrorBusyError,
    MirrorError as MirrorError,
    NotFoundError as NotFoundError,
    NotTheServiceError as NotTheServiceError,
    OutcomeUnknownError as OutcomeUnknownError,
    PermissionDeniedError as PermissionDeniedError,
    Phase as Phase,
    Problem as Problem,
    RateLimitedError as RateLimitedError,
    RequestInvalidError as RequestInvalidError,
    ResponseDecodeError as ResponseDecodeError,
    ServerError as ServerError,
    TokenNotKeptError as TokenNotKeptError,
    TransportError as TransportError,
    UnprocessableError as UnprocessableError,
)
from .outbox import (
    WriteOutcome as WriteOutcome,
)
from .pagination import (
    Page as Page,
    Pager as Pager,
)
from .privacy import (
    Secret as Secret,
)
from .resources.operations import (
    pick_address as pick_address,
)
from .sandbox import (
    Sandbox as Sandbox,
)
from .schemas.drift import (
    Drift as Drift,
)
from .session.call_options import (
    Options as Options,
)
from .session.call_record import (
    CallFailure as CallFailure,
    CallRecord as CallRecord,
)
from .session.hooks import (
    Hook as Hook,
    OutboxState as OutboxState,
    OutgoingRequest as OutgoingRequest,
)
from .session.rate.ratelimit import (
    Limiter as Limiter,
    LocalLimiter as LocalLimiter,
    RateLimit as RateLimit,
)
from .session.retry import (
    RetryPolicy as RetryPolicy,
)
from .session.transport import (
    Request as Request,
    Response as Response,
    Transport as Transport,
)
from .settings import (
    Environment as Environment,
    Settings as Settings,
)
