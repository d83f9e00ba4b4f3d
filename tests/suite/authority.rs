//! Certificates made for a test.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// Who signs certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
pub(crate) struct Leaf {
    pub(crate) pem: String,
    pub(crate) der: Vec<u8>,
    pub(crate) key: KeyPair,
}

type Day = (i32, u8, u8);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name that is good for long.
    pub(crate) fn signs(&self, name: &str) -> Leaf {
        self.signs_between(name, (2020, 1, 1), (2050, 1, 1))
    }

    pub(crate) fn signs_between(&self, name: &str, from: Day, until: Day) -> Leaf {
        self.signs_key(name, from, until, KeyPair::generate().unwrap())
    }

    /// Another certificate with the key of this one.
    pub(crate) fn renews(&self, leaf: &Leaf) -> Leaf {
        let key = KeyPair::from_pem(&leaf.key.serialize_pem()).unwrap();
        self.signs_key("renewed", (2020, 1, 1), (2050, 1, 1), key)
    }

    fn signs_key(&self, name: &str, from: Day, until: Day, key: KeyPair) -> Leaf {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Leaf { pem: certificate.pem(), der: certificate.der().to_vec(), key }
    }
}
