from .actions import (
    ACTION_COLUMNS as ACTION_COLUMNS,
    ActionMapping as ActionMapping,
    ReadAction as ReadAction,
    read_actions as read_actions,
)
from .attached.attachments import (
    LARGEST_ATTACHMENT as LARGEST_ATTACHMENT,
    Attached as Attached,
    AttachedFile as AttachedFile,
    AttachedUrl as AttachedUrl,
)
from .facts import (
    InvoiceFacts as InvoiceFacts,
)
from .file_format import (
    FileFormat as FileFormat,
)
from .files import (
    expand as expand,
    read_files as read_files,
    scan_files as scan_files,
)
from .json.document import (
    JsonDocument as JsonDocument,
    read_document as read_document,
)
from .models import (
    BadRecord as BadRecord,
    DocumentRef as DocumentRef,
    Identity as Identity,
    InputError as InputError,
    NumberAssignments as NumberAssignments,
    Place as Place,
    ReadInvoice as ReadInvoice,
    ReadOptions as ReadOptions,
)
from .numbers.duplicates import (
    DuplicateNumbers as DuplicateNumbers,
)
from .numbers.numbering import (
    AssignedNumbers as AssignedNumbers,
    assign as assign,
    namesake as namesake,
    whole as whole,
)
from .reader import (
    read as read,
    scan as scan,
)
from .spooled import (
    Spooled as Spooled,
    spooled as spooled,
)
from .tables.cells import (
    DateForm as DateForm,
)
from .tables.columns import (
    COLUMNS as COLUMNS,
    Column as Column,
)
from .tables.mapping import (
    ColumnMapping as ColumnMapping,
)
from .tables.propose.proposal import (
    Proposal as Proposal,
    propose as propose,
)
